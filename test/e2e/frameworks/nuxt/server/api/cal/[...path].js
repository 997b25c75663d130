import { calendar } from "../../utils/calendar.js";

export default defineEventHandler((event) => calendar().handle(toWebRequest(event)));
