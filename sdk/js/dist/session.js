/** Whether an answer holds tokens: a server that answers something else opens no session. */
export function isTokenResponse(answer) {
    const { accessToken, refreshToken } = answer;
    return typeof accessToken === 'string' && typeof refreshToken === 'string';
}
/** What `storage` holds; `undefined` where it is none of ours. */
export function parseHeld(text) {
    if (typeof text !== 'string')
        return undefined;
    try {
        const held = JSON.parse(text);
        return typeof held?.session?.accessToken === 'string' && typeof held.receivedAt === 'number'
            ? held
            : undefined;
    }
    catch {
        return undefined;
    }
}
//# sourceMappingURL=session.js.map