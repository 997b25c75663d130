import type { CalEmulatorOptions } from "../../src/testing/index.js";
import type { Recorded } from "./recordings.js";
import type { Replay } from "./replay.js";

/** What was done right before a recorded request, without being recorded. */
export type Step = (replay: Replay, recorded: Recorded) => void | Promise<void>;

/** How a class of recordings is replayed. */
export interface RecordedClass {
  options?: CalEmulatorOptions;
  /** Before the first request. */
  start?: (replay: Replay) => void | Promise<void>;
  /** Before each request. */
  beforeEach?: Step;
  /** Before the request of that name. */
  before?: Record<string, Step>;
  /** Names of requests that were sent at the same time. */
  together?: string[][];
  /** Requests that are not replayed, with the reason. */
  excluded?: Record<string, string>;
  /** Requests whose response differs on purpose, with the reason. */
  exceptions?: Record<string, string>;
  /** Texts of the recorded server's own data, with those of the emulator. */
  ownData?: Record<string, string>;
  /** Whether every request was recorded, so that the counts of the rate limits are comparable. */
  isCounted?: boolean;
}
