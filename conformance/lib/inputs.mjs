// Inputs that no client should send.

/** One value of each wrong kind. Which of them is wrong depends on the field; the reference decides. */
export const VALUES = [null, true, false, 0, 1, -1.5, 1e21, "", [], ["x"], {}, { a: 1 }];

/** Bodies that are no JSON object, as [label, what to send]. */
export const BODIES = [
  ["no body, no content type", {}],
  ["no body, JSON content type", { body: "", type: "application/json" }],
  ["no body, JSON content type, no length", { type: "application/json" }],
  ["half an object", { body: "{", type: "application/json" }],
  ["not JSON", { body: "hello", type: "application/json" }],
  ["a comma too many", { body: '{"a":1,}', type: "application/json" }],
  ["two values", { body: "{}{}", type: "application/json" }],
  ["null", { body: "null", type: "application/json" }],
  ["an array", { body: "[]", type: "application/json" }],
  ["an array of objects", { body: "[{}]", type: "application/json" }],
  ["a string", { body: '"x"', type: "application/json" }],
  ["a number", { body: "1", type: "application/json" }],
  ["a boolean", { body: "true", type: "application/json" }],
  ["an empty object", { body: "{}", type: "application/json" }],
  ["deep nesting", { body: `{"a":${"[".repeat(90)}${"]".repeat(90)}}`, type: "application/json" }],
];

/** Content types for a body that is a valid JSON object. */
export const TYPES = [
  "application/json; charset=utf-8",
  "application/json;charset=UTF-8",
  "APPLICATION/JSON",
  "application/vnd.api+json",
  "text/json",
  "text/plain",
  "text/plain;charset=UTF-8",
  "application/octet-stream",
  "multipart/form-data; boundary=x",
  undefined,
];
