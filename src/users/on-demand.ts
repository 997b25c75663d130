// See `parts.ts`.
export { itemsOf } from "../api/pages.js";
export { requestRaw } from "../api/raw-request.js";
export { userSummaries, userSummary } from "./user-summaries.js";
