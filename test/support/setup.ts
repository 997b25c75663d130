import nock from "nock";
import { afterEach, beforeAll, expect } from "vitest";

// No test may reach a real network; a declared request that was never made fails its test.
beforeAll(() => {
  nock.disableNetConnect();
  nock.enableNetConnect((host) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host));
});

afterEach(() => {
  const unused = nock.pendingMocks();
  nock.cleanAll();
  expect(unused, "requests that the test declared but nobody made").toEqual([]);
});
