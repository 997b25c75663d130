import { calendar } from "../calendar.js";

export const loader = ({ request }) => calendar().handle(request);
export const action = ({ request }) => calendar().handle(request);
