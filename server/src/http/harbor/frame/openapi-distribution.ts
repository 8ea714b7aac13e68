import { ociErrorCodes } from '#contract/oci-errors.ts'
import { version } from '../../../version.ts'

type Json = Readonly<Record<string, unknown>>

const digest = `sha256:${'3f'.repeat(32)}`
const manifestType = 'application/vnd.oci.image.manifest.v1+json'
const text = { type: 'string' }
export const octets = { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
const manifest = { [manifestType]: { schema: { type: 'object' } } }

const inPath = (name: string, description: string, example: string): Json => ({
  ...{ name, in: 'path', required: true, description, schema: text, example },
})
const inQuery = (name: string, description: string, schema: Json = text, more: Json = {}): Json => ({
  ...{ name, in: 'query', description, schema, ...more },
})
const header = (description: string, schema: Json = text): Json => ({ description, schema })

const name = inPath(
  'name',
  'The repository with its project. It has slashes, which are sent as they are: generators that escape them have to be told not to.',
  'library/app',
)
const reference = inPath('reference', 'A tag or a digest.', 'v1.2.0')
const blob = inPath('digest', 'The digest of the bytes.', digest)
const upload = inPath('upload_id', 'The upload, as the Location of its start names it.', 'upload')
const page = [
  inQuery('n', 'How many at the most.', { type: 'integer', minimum: 0 }),
  inQuery('last', 'The last entry of the page before; follow `Link` instead.'),
]

const contentHeaders = {
  'Docker-Content-Digest': header('The digest of the content.'),
  'Content-Length': header('Its length in bytes.', { type: 'integer' }),
}
const location = {
  Location: header('The address of what was made, or of the next request.', {
    type: 'string',
    format: 'uri-reference',
  }),
}
const nextPage = { Link: header('The next page, if there is one (`rel="next"`).') }
const uploading = { ...location, Range: header('The bytes that are here: `0-1023`.') }

const said = (description: string, more: Json = {}): Json => ({ description, ...more })
const json = (schema: Json, example: unknown): Json => ({ content: { 'application/json': { schema, example } } })
const properties = (required: Readonly<Record<string, Json>>): Json => ({
  ...{ type: 'object', properties: required, required: Object.keys(required) },
})

/** One operation: id, summary, parameters, body and answers; every one is refused in the same shape. */
function operation(tag: string, operationId: string, summary: string, rest: Json): Json {
  const { responses, ...more } = rest as { responses: Json }
  return {
    ...{ tags: [tag], operationId, summary, ...more },
    responses: { ...responses, default: { $ref: '#/components/responses/error' } },
  }
}

const push = (operationId: string, summary: string, rest: Json) => operation('push', operationId, summary, rest)
const pull = (operationId: string, summary: string, rest: Json) => operation('pull', operationId, summary, rest)
const list = (operationId: string, summary: string, rest: Json) => operation('lists', operationId, summary, rest)

const paths: Readonly<Record<string, Json>> = {
  '/v2/': {
    get: operation('start', 'checkV2', 'Whether this is a registry and the credentials are right.', {
      responses: { 200: said('They are.'), 401: said('Where to get a token: see `Www-Authenticate`.') },
    }),
  },
  '/v2/_catalog': {
    get: list('listCatalog', 'Every repository; for system administrators.', {
      parameters: page,
      responses: {
        200: said('A page of names.', {
          headers: nextPage,
          ...json(properties({ repositories: { type: 'array', items: text } }), { repositories: ['library/app'] }),
        }),
      },
    }),
  },
  '/v2/{name}/tags/list': {
    get: list('listTagNames', 'The tags of a repository, in their order.', {
      parameters: [name, ...page],
      responses: {
        200: said('A page of tags.', {
          headers: nextPage,
          ...json(properties({ name: text, tags: { type: 'array', items: text } }), {
            name: 'library/app',
            tags: ['v1.2.0'],
          }),
        }),
      },
    }),
  },
  '/v2/{name}/referrers/{digest}': {
    get: list('listReferrers', 'An image index of the manifests that name this one as their subject.', {
      parameters: [name, blob, inQuery('artifactType', 'Only those of this type.'), ...page],
      responses: {
        200: said('The index; empty when nothing refers to it.', {
          headers: { ...nextPage, 'OCI-Filters-Applied': header('`artifactType` when it was asked for.') },
          content: { 'application/vnd.oci.image.index.v1+json': { schema: { type: 'object' } } },
        }),
      },
    }),
  },
  '/v2/{name}/manifests/{reference}': {
    get: pull('getManifest', 'A manifest, byte for byte as it was pushed.', {
      parameters: [name, reference],
      responses: { 200: said('The manifest.', { headers: contentHeaders, content: manifest }) },
    }),
    head: pull('headManifest', 'Whether a manifest is here, with its digest and length.', {
      parameters: [name, reference],
      responses: { 200: said('It is.', { headers: contentHeaders }) },
    }),
    put: push('putManifest', 'Pushes a manifest; what it names has to be here.', {
      parameters: [
        name,
        reference,
        inQuery('tag', 'With a digest as the reference: a tag to set, as often as there are tags.', {
          ...{ type: 'array', items: text },
        }),
      ],
      requestBody: { required: true, content: manifest },
      responses: {
        201: said('It is here.', {
          headers: {
            ...{ ...location, 'Docker-Content-Digest': contentHeaders['Docker-Content-Digest'] },
            'OCI-Subject': header('The digest of its subject, when it has one.'),
          },
        }),
      },
    }),
    delete: push('deleteManifest', 'Deletes the artifact of a digest, or a tag alone.', {
      parameters: [name, reference],
      responses: { 202: said('It is in the trash.') },
    }),
  },
  '/v2/{name}/blobs/{digest}': {
    get: pull('getBlob', 'The bytes of a blob, or ranges of them.', {
      parameters: [name, blob, { name: 'Range', in: 'header', schema: text, example: 'bytes=0-1023' }],
      responses: {
        200: said('All bytes.', { headers: contentHeaders, content: octets }),
        206: said('The ranges that were asked for.', { headers: contentHeaders, content: octets }),
        307: said('The bytes are in the object storage: follow `Location`.', { headers: location }),
        416: said('It has no such bytes.'),
      },
    }),
    head: pull('headBlob', 'Whether a blob is here, with its length.', {
      parameters: [name, blob],
      responses: { 200: said('It is.', { headers: contentHeaders }) },
    }),
    delete: push('deleteBlob', 'Takes a blob out of the repository.', {
      parameters: [name, blob],
      responses: { 202: said('It is out.') },
    }),
  },
  '/v2/{name}/blobs/uploads/': {
    post: push('startUpload', 'Starts an upload, mounts a blob of another repository, or takes a whole blob.', {
      parameters: [
        name,
        inQuery('mount', 'The digest of a blob to take from another repository.'),
        inQuery('from', 'That repository.'),
        inQuery('digest', 'The body is the whole blob of this digest.'),
      ],
      requestBody: { content: octets },
      responses: {
        201: said('The blob is here.', {
          headers: { ...location, 'Docker-Content-Digest': contentHeaders['Docker-Content-Digest'] },
        }),
        202: said('Send the bytes to `Location`.', { headers: uploading }),
      },
    }),
  },
  '/v2/{name}/blobs/uploads/{upload_id}': {
    get: push('getUpload', 'How far an upload is.', {
      parameters: [name, upload],
      responses: { 204: said('It goes on.', { headers: uploading }) },
    }),
    patch: push('sendChunk', 'The next bytes.', {
      parameters: [name, upload, { name: 'Content-Range', in: 'header', schema: text, example: '0-1023' }],
      requestBody: { required: true, content: octets },
      responses: {
        202: said('They are here; the next request goes to `Location`.', { headers: uploading }),
        416: said('Other bytes are expected: see `Range`.', { headers: uploading }),
      },
    }),
    put: push('finishUpload', 'The last bytes, if any, and the digest of all.', {
      parameters: [name, upload, inQuery('digest', 'Of the whole blob.', text, { required: true, example: digest })],
      requestBody: { content: octets },
      responses: {
        201: said('The blob is here.', {
          headers: { ...location, 'Docker-Content-Digest': contentHeaders['Docker-Content-Digest'] },
        }),
      },
    }),
    delete: push('cancelUpload', 'Ends an upload and forgets its bytes.', {
      parameters: [name, upload],
      responses: { 204: said('It is gone.') },
    }),
  },
  '/service/token': {
    get: operation('start', 'getToken', 'A token for what the account may do of the scopes that are asked for.', {
      security: [{}, { basic: [] }],
      parameters: [
        inQuery('service', 'As `Www-Authenticate` of `/v2/` names it.', text, {
          required: true,
          example: 'harbor-registry',
        }),
        inQuery('scope', '`repository:NAME:pull,push,delete` or `registry:catalog:*`; as often as there are scopes.', {
          ...{ type: 'array', items: text },
        }),
        inQuery('account', 'Ignored: the account is that of the credentials.'),
      ],
      responses: {
        200: said('The token; what the account may not do is missing in it.', {
          ...json(
            properties({
              token: text,
              access_token: text,
              expires_in: { type: 'integer' },
              issued_at: { type: 'string', format: 'date-time' },
            }),
            { token: 'eyJ…', access_token: '', expires_in: 1800, issued_at: '2026-03-01T12:00:00.000Z' },
          ),
        }),
        401: said('The username or password is wrong.'),
      },
    }),
  },
  ...Object.fromEntries(
    [
      ['/livez', 'getLiveness', 'Whether the process answers.'],
      ['/readyz', 'getReadiness', 'Whether pushes and pulls would work; 503 says in a line what does not.'],
    ].map(([path = '', operationId = '', summary = '']) => [
      path,
      {
        get: operation('probes', operationId, summary, {
          security: [{}],
          responses: { 200: said('Yes.'), ...(operationId === 'getReadiness' ? { 503: said('No.') } : {}) },
        }),
      },
    ]),
  ),
}

const errors = properties({
  errors: {
    type: 'array',
    items: {
      type: 'object',
      properties: { code: { type: 'string', examples: [...ociErrorCodes] }, message: text, detail: {} },
      required: ['code', 'message'],
    },
  },
})

/** What lies beside /api/v2.0: a document of its own, since generated clients have one server for all their paths. */
export function distributionDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Berth: distribution',
      version,
      description: 'The OCI distribution specification 1.1 as it is here, the token service of Docker, and the probes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ basic: [] }, { token: [] }],
    tags: ['lists', 'probes', 'pull', 'push', 'start'].map((each) => ({ name: each })),
    paths,
    components: {
      securitySchemes: { basic: { type: 'http', scheme: 'basic' }, token: { type: 'http', scheme: 'bearer' } },
      responses: {
        error: said('Why it was refused.', {
          ...json(errors, { errors: [{ code: 'MANIFEST_UNKNOWN', message: 'no manifest v9 in library/app' }] }),
        }),
      },
    },
  }
}
