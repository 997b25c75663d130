import nock from "nock";
import { afterAll, beforeAll } from "vitest";

/**
 * Takes nock out of the way, in this test file: what is to be shown is what the runtime's own `fetch` does with
 * real sockets. Nothing but this machine's own addresses is asked for.
 */
export function useRealFetch(): void {
  beforeAll(() => nock.restore());
  afterAll(() => nock.activate());
}
