import fc from "fast-check";
import { test } from "vitest";
import { playStory, stories } from "../support/link-stories.js";
import { seedOf } from "../support/seed.js";

// More before a release: CALBRIDGE_STORIES=10000.
const STORIES = Number(process.env["CALBRIDGE_STORIES"] ?? 200);

test(
  `${String(STORIES)} arbitrary stories: no link, callback, address or edited row shows or ends another person's calendar`,
  { timeout: Math.max(300_000, STORIES * 1_500) },
  async () => {
    await fc.assert(fc.asyncProperty(stories, playStory), { numRuns: STORIES, seed: seedOf("shared links") });
  },
);
