// Browsers and times in words.

const BROWSERS = [
  [/\bEdg(?:A|iOS|e)?\//, "Edge"],
  [/\b(?:OPR|Opera|OPiOS)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS|HeadlessChrome|Chromium)\//, "Chrome"],
  [/\bVersion\/.*\bSafari\//, "Safari"],
];

const SYSTEMS = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "Mac"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

/** "Firefox on Linux"; for what is no browser its own name, as in "curl". */
export function device(userAgent) {
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1];
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1];
  if (browser && system) return `${browser} on ${system}`;
  const program = /^([\w .-]{1,40}?)(?:\/|$)/.exec(userAgent ?? "")?.[1];
  return browser ?? system ?? program ?? "Unknown device";
}

const LOCALE = navigator.languages.find((language) => language.startsWith("en")) ?? "en";
const RELATIVE = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
const DAY = new Intl.DateTimeFormat(LOCALE, { dateStyle: "long" });
const MOMENT = { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** "5 minutes ago"; after a month the date. */
export function ago(iso) {
  const seconds = (Date.now() - new Date(iso).getTime()) / 1000;
  if (seconds >= 30 * 86_400) return `on ${day(iso)}`;
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? [];
  return unit ? RELATIVE.format(-Math.floor(seconds / size), unit) : "just now";
}

export const day = (iso) => DAY.format(new Date(iso));

/** Day and time; the year only where it is not this one. */
export function moment(iso) {
  const date = new Date(iso);
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return date.toLocaleString(LOCALE, { ...MOMENT, year });
}
