// A form that asks the API: one request at a time, every error beside its field, focus on the first of them.

import { explain } from "./messages.js";

/** Returned by `done` when the page is being left: the form then stays busy. */
export const LEAVING = Symbol("leaving");

/**
 * `check(values)` gives sentences per field, for what needs no request;
 * `send(values)` asks the API; `done(data, values)` handles success and returns a sentence for the status, or LEAVING;
 * `failed(failure)` may answer for a failure with LEAVING; `refine(field, note, failure)` may add to an error's sentence.
 */
export function wireForm(form, { check, send, done, failed, refine }) {
  const button = form.querySelector("button[type=submit]");
  const inputs = [...form.elements].filter((element) => element.name);
  const hints = new Map(inputs.map((input) => [input, noteOf(input)?.textContent ?? ""]));
  const status = form.querySelector(".status");

  for (const reveal of form.querySelectorAll(".reveal")) {
    reveal.addEventListener("click", () => setRevealed(reveal, inputOf(reveal).type === "password"));
  }
  form.addEventListener("input", (event) => clear(event.target));
  form.addEventListener("submit", submit);
  restoreOnReturn(button);
  button.disabled = false;

  async function submit(event) {
    event.preventDefault();
    if (isBusy(button)) return;
    inputs.forEach(clear);
    say(status, "");

    const values = valuesOf(inputs);
    const mistakes = check(values);
    if (Object.keys(mistakes).length > 0) return show(mistakes);

    // Hidden again, so that the browser knows it for a password and offers to keep it.
    form.querySelectorAll(".reveal").forEach((reveal) => setRevealed(reveal, false));
    setBusy(button, true);
    const answer = await send(values);
    const outcome = answer.ok ? await done(answer.data, values) : failed?.(answer.failure);
    if (outcome === LEAVING) return;
    setBusy(button, false);
    if (answer.ok) return say(status, outcome);

    const { fields, status: sentence } = explain(answer.failure, inputs.map((input) => input.name));
    say(status, sentence, "bad");
    show(fields, answer.failure);
  }

  function show(mistakes, failure) {
    const wrong = inputs.filter((input) => Object.hasOwn(mistakes, input.name));
    for (const input of wrong) {
      const note = noteOf(input);
      note.textContent = mistakes[input.name];
      note.classList.add("bad");
      input.setAttribute("aria-invalid", "true");
      if (failure) refine?.(input.name, note, failure);
    }
    wrong[0]?.focus();
  }

  function clear(input) {
    if (input.getAttribute("aria-invalid") !== "true") return;
    input.removeAttribute("aria-invalid");
    const note = noteOf(input);
    note.classList.remove("bad");
    note.textContent = hints.get(input);
  }
}

/** Of these sentences, one per field, those of the fields that the browser itself finds wrong. */
export function mistakesIn(form, sentences) {
  const mistakes = {};
  for (const [name, sentence] of Object.entries(sentences)) {
    const input = form.elements[name];
    if (!input.validity.valid) mistakes[name] = sentence;
  }
  return mistakes;
}

export function say(status, sentence, tone) {
  status.textContent = sentence ?? "";
  status.classList.toggle("bad", tone === "bad");
}

export const isBusy = (button) => button.getAttribute("aria-busy") === "true";

/** Not `disabled`: that would take the focus away from the person's place. */
export function setBusy(button, busy) {
  const label = button.firstChild;
  if (busy) {
    button.style.minWidth = `${button.offsetWidth}px`;
    button.dataset.idle ??= label.data;
    label.data = button.dataset.busy;
    button.setAttribute("aria-busy", "true");
    button.setAttribute("aria-disabled", "true");
  } else {
    label.data = button.dataset.idle ?? label.data;
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
  }
}

/** A page that comes back by the browser's Back button must not come back busy. */
export function restoreOnReturn(button) {
  addEventListener("pageshow", (event) => {
    if (event.persisted) setBusy(button, false);
  });
}

function valuesOf(inputs) {
  return Object.fromEntries(
    inputs.map((input) => [input.name, input.type === "checkbox" ? input.checked : input.value]),
  );
}

function noteOf(input) {
  return document.getElementById(input.getAttribute("aria-describedby") ?? "");
}

function inputOf(reveal) {
  return document.getElementById(reveal.getAttribute("aria-controls"));
}

function setRevealed(reveal, revealed) {
  inputOf(reveal).type = revealed ? "text" : "password";
  reveal.querySelector("[data-verb]").textContent = revealed ? "Hide" : "Show";
}
