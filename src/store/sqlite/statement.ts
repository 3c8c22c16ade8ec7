import type { Database as Connection } from 'better-sqlite3';
import {
  type Compilable,
  DummyDriver,
  Kysely,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { Schema } from './schema.ts';

/**
 * SQLite plans a query anew whenever it is bound, where values of plain parameters could lead to a better plan;
 * that takes several times as long as a look-up itself. It does not look into expressions such as `+?`, and they
 * use an index as well.
 */
class QueryCompiler extends SqliteQueryCompiler {
  protected override getCurrentParameterPlaceholder(): string {
    return '+?';
  }
}

/** Builds queries and runs none: they are compiled and prepared once, and run synchronously. */
export const queries = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: database => new SqliteIntrospector(database),
    createQueryCompiler: () => new QueryCompiler(),
  },
});

/** A prepared query with named parameters. */
export interface Statement<Parameters, Row> {
  readonly sql: string;
  all(parameters: Parameters): Row[];
  get(parameters: Parameters): Row | undefined;
  /** How many rows it changed. */
  run(parameters: Parameters): number;
}

/** Stands in a query for a value that comes when it runs. */
class Placeholder {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** Prepares the query that `build` makes; what it is given are placeholders, whatever their type says. */
export function prepare<Parameters extends object, Row>(
  connection: Connection,
  build: (parameters: Parameters) => Compilable<Row>,
): Statement<Parameters, Row> {
  const placeholders = new Proxy({} as Parameters, {
    get: (_, name) => new Placeholder(String(name)),
  });
  const compiled = build(placeholders).compile();
  const order = compiled.parameters;
  const statement = connection.prepare<unknown[], Row>(compiled.sql);

  const bind = (parameters: Parameters): unknown[] =>
    order.map(value => (value instanceof Placeholder ? Reflect.get(parameters, value.name) : value));

  return {
    sql: compiled.sql,
    all: parameters => statement.all(bind(parameters)),
    get: parameters => statement.get(bind(parameters)),
    run: parameters => statement.run(bind(parameters)).changes,
  };
}
