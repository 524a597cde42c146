import { authenticate } from "@/server/authenticate";

export function POST(request: Request): Promise<Response> {
  return authenticate(request);
}
