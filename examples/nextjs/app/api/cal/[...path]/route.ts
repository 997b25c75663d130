import { calendar } from "@/lib/calendar";

const handle = (request: Request): Promise<Response> => calendar().handle(request);

export { handle as GET, handle as POST };
