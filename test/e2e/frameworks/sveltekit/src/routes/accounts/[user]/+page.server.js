import { accountsOf } from "$lib/calendar.js";

export const load = async ({ params }) => ({ accounts: await accountsOf(params.user) });
