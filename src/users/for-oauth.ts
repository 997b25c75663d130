// See `parts.ts`.
export { oauthGrant } from "../grants/oauth-grant.js";
export { SingleUseRefresh } from "../tokens/single-use-refresh.js";
export { authorizationUrl, codeGrantOf } from "./authorize.js";
export { linkAccount } from "./link-account.js";
