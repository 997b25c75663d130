import type { Route } from "../types.js";

// The code of these routes is loaded when it is needed: applications with managed users only never do.

/** `GET /oauth/authorize-url`: where to send the browser to link an own Cal.com account. */
export const oauthAuthorizeUrl: Route = {
  name: "oauthAuthorizeUrl",
  methods: ["GET"],
  refusesCrossSite: true,
  run: async (request, context) =>
    (await import("./oauth-authorize-url.js")).oauthAuthorizeUrl(request, context),
};

/** `GET` and `POST /oauth/callback`: where Cal.com's authorize page leads back to. */
export const oauthCallback: Route = {
  name: "oauthCallback",
  methods: ["GET", "POST"],
  // Cal.com sends the browser there. A POST by another site is refused.
  refusesCrossSite: false,
  run: async (request, context) =>
    (await import("./oauth-link-callback.js")).oauthLinkCallback(request, context),
};

/** `POST /oauth/unlink`: forgets an own Cal.com account. */
export const oauthUnlink: Route = {
  name: "oauthUnlink",
  methods: ["POST"],
  refusesCrossSite: true,
  run: async (request, context) => (await import("./oauth-unlink.js")).oauthUnlink(request, context),
};
