import { expect, test } from "vitest";
import { readBody } from "./body";

function request(type: string, body: string): Request {
  return new Request("http://localhost/", { method: "POST", headers: { "content-type": type }, body });
}

test("reads JSON objects and forms", async () => {
  expect(await readBody(request("application/json; charset=utf-8", '{"title":"a"}'))).toEqual({ fields: { title: "a" }, form: false });
  expect(await readBody(request("application/x-www-form-urlencoded", "email=a%40b.c"))).toEqual({ fields: { email: "a@b.c" }, form: true });
});

test.each([
  ["text/plain", "{}", 415],
  ["application/json", "{", 400],
  ["application/json", "[]", 400],
  ["application/json", "null", 400],
  ["application/json", `{"a":"${"x".repeat(70_000)}"}`, 413],
])("refuses %s %#", async (type, body, status) => {
  expect(await readBody(request(type, body))).toMatchObject({ problem: { status } });
});
