// What many applications never call is loaded with the first call, all in one part: with a part for each, bundlers cut what
// they share into many small files. What only one of both grants needs is in `for-managed-users.ts` and `for-oauth.ts`.
export { itemsOf } from "../api/pages.js";
export { requestRaw } from "../api/raw-request.js";
export { userSummaries, userSummary } from "./user-summaries.js";
