import { beforeAll, describe, expect, test } from "vitest";
import {
  byMode,
  measureAgreement,
  MIN_AGREEMENT,
  type ClassAgreement,
} from "../../support/recordings-agreement.js";
import { recordingClasses } from "../../support/recordings.js";

describe("the emulator agrees with the recordings of a real server", () => {
  const classes = new Map<string, ClassAgreement>();

  beforeAll(async () => {
    for (const className of recordingClasses) classes.set(className, await measureAgreement(className));
  });

  test.each(recordingClasses)("%s: no difference without a reason", (className) => {
    const { unexplained, stale, total } = classes.get(className)!;
    expect(unexplained).toEqual([]);
    expect(stale, "reasons and steps for requests that agree, or that don't exist").toEqual([]);
    expect(total).toBeGreaterThan(0);
  });

  test.each(["managed users", "strict", "lenient"])("%s: at least 98 % of all requests", (mode) => {
    const { share } = byMode([...classes.values()]).find((one) => one.mode === mode)!;
    expect(share).toBeGreaterThanOrEqual(MIN_AGREEMENT);
  });
});
