import { CalApiError, CalValidationError } from "../errors.js";
import { assertObject } from "../lib/assert.js";
import { rawCall, type CalRequestInput } from "./raw-request.js";
import type { Send } from "./request.js";
import { isObject } from "./response.js";

/** A list of Cal.com's API, to be read page by page. */
export interface CalPagesInput extends Omit<CalRequestInput, "method" | "body" | "idempotent"> {
  /**
   * How many items a page has. Most endpoints accept up to 250.
   * @defaultValue 100
   */
  pageSize?: number | undefined;
  /**
   * What the endpoint calls the size and the start of a page: `take` and `skip`, as most do, or `limit` and `offset`.
   * @defaultValue `"skip"`
   */
  pageBy?: "skip" | "offset" | undefined;
}

/** The items of all pages. A page is requested when its first item is needed. */
export async function* itemsOf<T>(
  send: Send,
  pages: CalPagesInput,
  baseUrl: string,
): AsyncGenerator<T, void, undefined> {
  assertObject("The request", pages, "{ path, query, pageSize }");
  const { pageSize = 100, pageBy = "skip", ...input } = pages;
  if (!Number.isSafeInteger(pageSize) || pageSize < 1) {
    throw new CalValidationError("pageSize must be a whole number of 1 or more.");
  }
  const [sizeName, startName] = pageBy === "offset" ? ["limit", "offset"] : ["take", "skip"];
  let before: string | undefined;
  for (let start = 0; ;) {
    const query = { ...input.query, [sizeName]: pageSize, [startName]: start };
    const { data, pagination, status, requestId } = await send(rawCall({ ...input, query }, baseUrl));
    if (!Array.isArray(data)) {
      throw new CalApiError(
        `Cal.com's response to GET ${input.path} is not a list. It may need another apiVersion.`,
        { code: "invalid_response", status, requestId },
      );
    }
    const page = JSON.stringify(data);
    if (page === before) {
      throw new CalApiError(
        `GET ${input.path} returned the same page twice: it is not read by ${sizeName} and ${startName}. Give another pageBy, or a pageSize larger than the list.`,
        { code: "invalid_response", status, requestId },
      );
    }
    before = page;
    yield* data as T[];
    start += data.length;
    // Some endpoints say whether there is more. Of the others, a page that is not full is the last one, and so is one with
    // more than was asked for: such an endpoint has no pages.
    const hasNext = isObject(pagination) ? pagination["hasNextPage"] : undefined;
    const hasMore = typeof hasNext === "boolean" ? hasNext : data.length === pageSize;
    if (!hasMore || data.length === 0) return;
  }
}
