// Parses a Prisma schema from standard input, and prints its models.
const wasm = require("@prisma/prisma-schema-wasm")
const { readFileSync } = require("node:fs")

const prismaSchema = [["schema.prisma", readFileSync(0, "utf8")]]
wasm.validate(JSON.stringify({ prismaSchema, noColor: true }))
console.log(JSON.stringify(JSON.parse(wasm.get_dmmf(JSON.stringify({ prismaSchema }))).datamodel.models))
