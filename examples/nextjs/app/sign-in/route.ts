import { cookies } from "next/headers";

export async function POST(request: Request): Promise<Response> {
  const user = (await request.formData()).get("user");
  // Lax, so that the browser sends the cookie when the user returns from the provider's consent page.
  (await cookies()).set("session", String(user), { httpOnly: true, sameSite: "lax" });
  return new Response(null, { status: 303, headers: { location: "/settings" } });
}
