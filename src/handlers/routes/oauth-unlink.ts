import { readFields } from "../http/request.js";
import { success } from "../http/responses.js";
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
    // A managed user has no link.
    if (account?.grant !== "oauth") return success({ unlinked: false });
    const unlinked = await user.unlink();
    const { calUserId, email } = account;
    if (unlinked) await context.options.onUnlinked?.({ userId, calUserId, email, request });
    return success({ unlinked });
  },
};
