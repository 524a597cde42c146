import { betterAuth } from "better-auth";
import { Pool } from "pg";

const make = () =>
  betterAuth({
    database: new Pool({ connectionString: process.env.DATABASE_URL }),
    secret: process.env.BETTER_AUTH_SECRET,
    baseURL: process.env.BETTER_AUTH_URL,
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
  });

let made: ReturnType<typeof make> | undefined;

// The build has no secrets, so nothing is read before the first request.
export const auth = () => (made ??= make());
