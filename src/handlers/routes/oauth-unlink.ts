import { readFields } from "../http/request.js";
import { success } from "../http/responses.js";
import { callOnUnlinked, keepEnded } from "../oauth/ended-links.js";
import { requireSession } from "../session.js";
import type { Route } from "../types.js";

/** `POST /oauth/unlink` `{}`: forgets the tokens of the user's own Cal.com account. Changes nothing at Cal.com. */
export const oauthUnlink: Route = {
  name: "oauthUnlink",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    await readFields(request, context.options.maxBodyBytes);
    const user = context.options.client.forUser(userId);
    const account = await user.calAccount();
    // A managed user has no link. One that has ended a moment ago may not be reported yet.
    if (account?.grant !== "oauth") {
      return success({ unlinked: await callOnUnlinked(request, context, userId) });
    }
    const ended = { userId, calUserId: account.calUserId, email: account.email };
    await keepEnded(context, ended);
    const unlinked = await user.unlink();
    if (unlinked) await callOnUnlinked(request, context, userId, ended);
    return success({ unlinked });
  },
};
