import { expect } from "vitest";

/** Waits until the condition is true, for up to two minutes. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  await expect.poll(condition, { interval: 20, timeout: 120_000 }).toBe(true);
}
