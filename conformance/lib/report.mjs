// Counts and prints. One line per case, the differences below it.

export class Report {
  passed = 0;
  failed = 0;
  #startedAt = performance.now();

  pass(name, startedAt) {
    this.passed++;
    console.log(`ok    ${name}${startedAt ? ` (${seconds(performance.now() - startedAt)})` : ""}`);
  }

  fail(name, problems) {
    this.failed++;
    console.log(`FAIL  ${name}`);
    for (const problem of problems) console.log(indented(problem));
  }

  /** Runs one case; whatever it throws is its failure. */
  async run(name, work) {
    const startedAt = performance.now();
    try {
      await work();
      this.pass(name, startedAt);
    } catch (error) {
      this.fail(name, error.problems ?? [error.stack ?? String(error)]);
    }
  }

  close() {
    console.log(`\n${this.passed} passed, ${this.failed} failed in ${seconds(performance.now() - this.#startedAt)}`);
    return this.failed === 0 && this.passed > 0;
  }
}

/** A failure with several findings, printed without a stack. */
class Findings extends Error {
  constructor(problems) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

export function expectNone(problems) {
  if (problems.length > 0) throw new Findings(problems);
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;
const indented = (text) => text.split("\n").map((line) => `      ${line}`).join("\n");
