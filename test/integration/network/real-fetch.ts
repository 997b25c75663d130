import nock from "nock";
import { afterAll, beforeAll } from "vitest";

/**
 * Disables nock in this test file: the tests show what the runtime's own `fetch` does with real sockets. They connect to
 * this machine only.
 */
export function useRealFetch(): void {
  beforeAll(() => nock.restore());
  afterAll(() => nock.activate());
}
