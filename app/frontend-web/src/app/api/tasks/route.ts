import type { NextRequest } from "next/server";
import { forward } from "@/server/forward";

export function GET(request: NextRequest): Promise<Response> {
  return forward(request, `/api/tasks${request.nextUrl.search}`);
}

export function POST(request: NextRequest): Promise<Response> {
  return forward(request, "/api/tasks");
}
