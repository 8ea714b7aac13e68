/** Speaks to a registry as a browser does: with cookies, and with the proof that a request comes from the page. */
export class BrowserSession {
  readonly #url: string
  readonly #cookies = new Map<string, string>()
  #csrf = ''

  constructor({ url }: { readonly url: string }) {
    this.#url = url
  }

  async #send(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    headers.set('cookie', [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    if (this.#csrf !== '') headers.set('x-harbor-csrf-token', this.#csrf)
    const answer = await fetch(`${this.#url}${path}`, { ...init, headers, redirect: 'manual' })
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      this.#cookies.set(name, value)
    }
    this.#csrf = answer.headers.get('x-harbor-csrf-token') ?? this.#csrf
    return answer
  }

  /** The form of the console; `code` where a second factor is asked for, `newPassword` in the place of one that is too old. */
  async signIn(
    credential: Readonly<Record<'username' | 'password', string>>,
    code = '',
    newPassword = '',
  ): Promise<Response> {
    if (this.#csrf === '') await (await this.#send('/c/session')).text()
    const form = new URLSearchParams({ principal: credential.username, password: credential.password })
    if (code !== '') form.set('code', code)
    if (newPassword !== '') form.set('new_password', newPassword)
    return await this.#send('/c/login', { method: 'POST', body: form })
  }

  /** A call of the API by the session: `POST /users/current/tokens`. */
  async call(operation: string, body?: unknown): Promise<Response> {
    const [method = '', path = ''] = operation.split(' ')
    return await this.#send(`/api/v2.0${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  }
}
