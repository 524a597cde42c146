import { headers } from "next/headers";

import { auth } from "@/lib/auth";

export default async function Page() {
  const session = await auth().api.getSession({ headers: await headers() });
  return <h1>{session ? `Hello ${session.user.name}` : "Portal: please sign in"}</h1>;
}
