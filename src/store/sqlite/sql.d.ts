/** Migrations are SQL files; the bundler and the test runner hand them over as texts. */
declare module "*.sql" {
  const text: string;
  export default text;
}
