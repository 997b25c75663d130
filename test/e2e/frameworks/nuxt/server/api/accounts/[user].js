import { accountsOf } from "../../utils/calendar.js";

export default defineEventHandler(async (event) => ({
  accounts: await accountsOf(event.context.params.user),
}));
