// What many applications never call is loaded with the first call, all in one part: with a part for each, bundlers cut what
// they share into many small files.
export { itemsOf } from "../api/pages.js";
export { requestRaw } from "../api/raw-request.js";
export { claimUsers } from "./claim-users.js";
export { linkAccount } from "./link-account.js";
export { deletePreviousManagedUser } from "./previous-managed-user.js";
export { reassignUser } from "./reassign-user.js";
export { userSummaries, userSummary } from "./user-summaries.js";
