import { calendar } from "@/calendar";

export const GET = (request) => calendar().handle(request);
export const POST = (request) => calendar().handle(request);
