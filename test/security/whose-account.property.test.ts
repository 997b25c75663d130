import fc from "fast-check";
import { test } from "vitest";
import { playStory, protections, stories } from "../support/account-stories.js";

// fast-check prints the seed and the shortest story when one fails.
const STORIES = 3_500;

test.each(Object.keys(protections))(
  `${String(STORIES)} arbitrary stories with %s: no person reads, changes or ends another's calendar`,
  { timeout: 300_000 },
  async (protection) => {
    await fc.assert(
      fc.asyncProperty(stories, (story) => playStory(story, protection)),
      { numRuns: STORIES },
    );
  },
);
