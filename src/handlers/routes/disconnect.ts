import { disconnectableProviders } from "../../calendars/providers.js";
import type { CalendarCredential } from "../../index.js";
import { isCalError } from "../../errors.js";
import { requireSession } from "../session.js";
import { invalidInput } from "../http/http-error.js";
import { idField, oneOf, readFields, textField } from "../http/request.js";
import { success } from "../http/responses.js";
import type { Route } from "../types.js";

/** `POST /calendars/disconnect` `{calendarType, credentialId?}`: removes one connection, or all of a provider. */
export const disconnect: Route = {
  name: "disconnect",
  methods: ["POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { userId } = await requireSession(request, context);
    const fields = await readFields(request, context.options.maxBodyBytes);
    const provider = oneOf("calendarType", textField(fields, "calendarType"), disconnectableProviders);
    const credentialId = idField(fields, "credentialId");
    const { calendars } = context.options.client.forUser(userId);
    const disconnected = await removed(calendars.disconnect(provider, { credentialId }), credentialId);
    const credentialIds = disconnected.map((credential) => credential.credentialId);
    if (credentialIds.length > 0) {
      await context.options.onDisconnected({ userId, provider, credentialIds, request });
    }
    return success({
      calendarType: provider,
      disconnected: credentialIds.map((id) => ({ credentialId: id })),
    });
  },
};

/** The removed credentials. A user without a managed user has none. */
async function removed(
  disconnection: Promise<{ disconnected: CalendarCredential[] }>,
  credentialId: number | undefined,
): Promise<CalendarCredential[]> {
  try {
    return (await disconnection).disconnected;
  } catch (error) {
    if (isCalError(error) && error.code === "user_not_found") return [];
    if (isCalError(error) && error.code === "invalid_input") {
      throw invalidInput(
        credentialId === undefined
          ? "Give the credentialId: in a Cal.com account of the user's own, one connection is ended at a time."
          : "This credential is not of that calendarType, or it is an administrator's to end.",
      );
    }
    throw error;
  }
}
