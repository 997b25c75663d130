// What is loaded when it is first needed, in three parts. With a part for each function, bundlers would cut what they
// share into many small files.

/** What many applications never call, for both grants. */
export const loadOnDemand = () => import("./on-demand.js");

/** What only managed users need. */
export const loadForManagedUsers = () => import("./for-managed-users.js");

/** What only users with their own Cal.com account need. */
export const loadForOAuth = () => import("./for-oauth.js");
