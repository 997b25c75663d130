import type { CommandIo } from "../command.js";
import { note, ok, wrong, type Finding } from "./finding.js";

const NOTED_SKEW_MS = 5_000;
// Half of the minute by which tokens are refreshed before they expire.
const WRONG_SKEW_MS = 30_000;

/** Compares this machine's clock with Cal.com's, by the responses to requests that are sent with its `fetch`. */
export function compareClocks(io: CommandIo): { fetch: typeof fetch; findings: () => Finding[] } {
  let skewMs: number | undefined;
  return {
    async fetch(...request) {
      const sentAt = io.now();
      const response = await io.fetch(...request);
      const date = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(date)) skewMs = (sentAt + io.now()) / 2 - date;
      return response;
    },
    findings: () => (skewMs === undefined ? [] : [checkClock(skewMs)]),
  };
}

function checkClock(skewMs: number): Finding {
  // The Date header has whole seconds.
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const text = `This machine's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} Cal.com's.`;
  const help = "Synchronize it with NTP: the clock decides when a token is refreshed.";
  if (Math.abs(skewMs) >= WRONG_SKEW_MS) return wrong(text, help);
  return Math.abs(skewMs) >= NOTED_SKEW_MS
    ? note(text, help)
    : ok("This machine's clock agrees with Cal.com's.");
}
