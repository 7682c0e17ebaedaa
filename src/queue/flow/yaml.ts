/** What of the YAML parser is used. A file of its own in the bundle, loaded by who reads a flow: it is as large as all the rest. */
export { isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, parseDocument } from "yaml";
