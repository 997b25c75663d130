// What only users with an own Cal.com account need: loaded when a client first has to do with one, all in one part (see
// `on-demand.ts`).
export { oauthGrant } from "../grants/oauth-grant.js";
export { authorizationUrl, codeGrantOf } from "./authorize.js";
export { linkAccount } from "./link-account.js";
