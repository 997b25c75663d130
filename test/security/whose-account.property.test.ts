import fc from "fast-check";
import { test } from "vitest";
import { playStory, stories } from "../support/account-stories.js";
import { protections } from "../support/edited-table.js";
import { seedOf } from "../support/seed.js";

const STORIES = 3_500;

test.each(Object.keys(protections))(
  `${String(STORIES)} arbitrary stories with %s: no person reads, changes or ends another's calendar`,
  { timeout: 300_000 },
  async (protection) => {
    await fc.assert(
      fc.asyncProperty(stories, (story) => playStory(story, protection)),
      { numRuns: STORIES, seed: seedOf(`accounts with ${protection}`) },
    );
  },
);
