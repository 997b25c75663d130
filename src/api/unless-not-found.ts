import { CalApiError } from "../errors.js";

/** What a request returned; `null` if Cal.com has no such object (404), as after a deletion that was processed already. */
export async function unlessNotFound<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof CalApiError && error.code === "not_found") return null;
    throw error;
  }
}
