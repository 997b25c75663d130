import { calendar } from "$lib/calendar.js";

export const GET = ({ request }) => calendar().handle(request);
export const POST = ({ request }) => calendar().handle(request);
