// Two transcripts of one scenario, compared.

/**
 * @param {object[]} expected the reference's transcript
 * @param {object[]} got
 * @param {import("./differences.mjs").Differences} differences
 * @param {object} config what both servers were given
 * @returns {string[]} one readable block per step that differs
 */
export function compareTranscripts(expected, got, differences, config) {
  const problems = [];
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    if (!expected[i] || !got[i]) {
      problems.push(`step ${(expected[i] ?? got[i]).step}: only in the transcript of ${expected[i] ? "the reference" : "vestibule"}`);
      break;
    }
    const allowed = differences.expectation(expected[i], got[i], config);
    const found = differencesBetween(answerOf(allowed), answerOf(got[i]));
    if (found.length > 0) problems.push(describe(expected[i], found));
  }
  return problems;
}

/** The request is the harness's own doing: it is shown, not compared. */
const answerOf = ({ request, ...answer }) => answer;

const describe = (entry, found) =>
  [
    `step ${entry.step}${entry.request ? `: ${entry.request}` : ""}`,
    ...found.flatMap(({ path, expected, got }) => [
      `    ${path}`,
      `      expected (reference): ${show(expected)}`,
      `      got (vestibule):      ${show(got)}`,
    ]),
  ].join("\n");

const show = (value) => (value === undefined ? "nothing" : JSON.stringify(value));

/** @returns {{path: string, expected: unknown, got: unknown}[]} */
export function differencesBetween(expected, got, path = "") {
  if (Object.is(expected, got)) return [];
  if (!isContainer(expected) || !isContainer(got) || Array.isArray(expected) !== Array.isArray(got)) {
    return [{ path: path || "(whole)", expected, got }];
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(got)]);
  return [...keys].flatMap((key) => differencesBetween(expected[key], got[key], path ? `${path}.${key}` : key));
}

const isContainer = (value) => value !== null && typeof value === "object";
