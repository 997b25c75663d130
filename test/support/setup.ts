import nock from "nock";
import { afterEach, beforeAll, expect } from "vitest";

// No test may use a real network. A test fails if a request that it declared was not sent.
beforeAll(() => {
  nock.disableNetConnect();
  nock.enableNetConnect((host) => /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host));
});

afterEach(() => {
  const unused = nock.pendingMocks();
  nock.cleanAll();
  expect(unused, "declared requests that were not sent").toEqual([]);
});
