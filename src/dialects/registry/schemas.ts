import Type from 'typebox';

export const repositoryParams = Type.Object({ account: Type.String(), service: Type.String() });

export interface RepositoryParams {
  readonly account: string;
  readonly service: string;
}

/** The most that one page of a list has. */
export const maxPageLength = 1_000;

/** Parameters of a query are strings; unknown ones are ignored. */
export const pageQuery = Type.Object({
  n: Type.Optional(Type.String({ pattern: '^\\d{1,9}$', description: 'length of the page' })),
  last: Type.Optional(Type.String({ description: 'last item of the page before' })),
});
export type PageQuery = Type.Static<typeof pageQuery>;

export const uploadQuery = Type.Object({
  digest: Type.Optional(Type.String({ description: 'of the content, to finish with this request' })),
  mount: Type.Optional(Type.String({ description: 'digest of a blob that is there already' })),
  from: Type.Optional(Type.String({ description: 'repository that has it' })),
});
export type UploadQuery = Type.Static<typeof uploadQuery>;

export const referrersQuery = Type.Object({ artifactType: Type.Optional(Type.String()) });
export type ReferrersQuery = Type.Static<typeof referrersQuery>;
