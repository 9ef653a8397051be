-- Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
-- 3-clause BSD, see LICENSE at the top of heimdal-ext.

-- Wireshark and tshark (tried with 4.0) show what heimdal-ext puts on the wire:
--
--   krb_error2      KRB-ERROR2, in a GSS token wherever Wireshark finds one
--   krb524          requests and replies, port 4444, UDP and TCP
--   rxkad_token     rxkad 2b and rxkad-v5 tokens, in krb524 and in Rx
--   heimdal_ext     AD-AP-OPTIONS, AD-CONTINUE-CHALLENGE, the offer in
--                   ap-options, PA-AS-FRESHNESS, freshnessToken
--   gss_loop        the stream of gss-loop (4 octets of length, a token):
--                   -d tcp.port==N,gss_loop
--
--   tshark -X lua_script:heimdal-ext.lua -r FILE -V
--   (or put it into Wireshark's directory of personal Lua plugins)
--
-- With "kerberos.decrypt" and "kerberos.file" (a keytab) Wireshark opens
-- tickets and Authenticators; so the authorization data of an Authenticator
-- are shown then, and what is in tokens of AFS and in the TGT of a KRB-ERROR2.
-- A KRB-ERROR2 that is itself encrypted stays so: Wireshark does not know its
-- key usage.  doc/formats/ has all of it octet by octet.
--
-- Packets are not to be trusted.  Nothing here indexes octets that der() and
-- octets() have not bounded, and nothing goes deeper than MAX_DEPTH.

local MAX_DEPTH = 9             -- AD-IF-RELEVANT in another, as the libraries
local MAX_ITEMS = 1000          -- of a SEQUENCE OF

local UNIVERSAL, APPLICATION, CONTEXT = 0, 1, 2
local INTEGER, OCTETS, ENUMERATED, UTF8, SEQUENCE, TIME = 2, 4, 10, 12, 16, 24

local AD_IF_RELEVANT, AD_CHALLENGE, AD_AP_OPTIONS = 1, -5, -6
local PA_AS_FRESHNESS = 150
local KVNO_2B, KVNO_V5 = 213, 256
local CONTINUE_NEEDED_OK = 0x10000000
local ROOM_524 = 1250           -- octets for a token in a krb524 reply

-- ------------------------------------------------------------------- DER

-- A slice is { tvb =, from =, to = } with its octets in s: what is between
-- from and to (excluded), counted from 0, all of it within s.

local function slice_of(tvb)
    return { tvb = tvb, s = tvb:len() > 0 and tvb:range():raw() or "",
             from = 0, to = tvb:len() }
end

local function length(slice)
    return slice.to - slice.from
end

local function range(slice)
    return slice.tvb:range(slice.from, length(slice))
end

local function octets(slice)
    return slice.s:sub(slice.from + 1, slice.to)
end

-- The element at the head of a slice: class, tag, constructed, content (a
-- slice), whole (a slice), and what follows it.  Nil if it is not whole.
local function der(slice)
    local s, at, to = slice.s, slice.from, slice.to
    local function octet()
        if at >= to then return nil end
        at = at + 1
        return s:byte(at)
    end
    local first = octet()
    if not first then return nil end
    local tag = first % 32
    if tag == 31 then
        tag = 0
        repeat
            local more = octet()
            if not more or tag > 0xffff then return nil end
            tag = tag * 128 + more % 128
        until more < 128
    end
    local len = octet()
    if not len or len == 128 or len > 132 then return nil end
    if len > 128 then
        local count = len - 128
        len = 0
        for _ = 1, count do
            local more = octet()
            if not more then return nil end
            len = len * 256 + more
        end
    end
    if len > to - at then return nil end
    local function part(from, upto)
        return { tvb = slice.tvb, s = s, from = from, to = upto }
    end
    return { class = math.floor(first / 64), tag = tag,
             constructed = math.floor(first / 32) % 2 == 1,
             content = part(at, at + len), whole = part(slice.from, at + len),
             rest = part(at + len, to) }
end

-- The content of the element that a slice begins with, if it is this one.
local function expect(slice, tag, class)
    local node = slice and der(slice)
    if node and node.tag == tag and node.class == (class or UNIVERSAL) then
        return node.content, node
    end
end

-- The fields [0], [1]... of a SEQUENCE: { number = content }.  With it the
-- number of octets that are not to be understood.
local function fields_of(slice)
    local found, rest = {}, expect(slice, SEQUENCE)
    if not rest then return nil, 0 end
    while length(rest) > 0 do
        local node = der(rest)
        if not node or node.class ~= CONTEXT then break end
        found[node.tag] = node.content
        rest = node.rest
    end
    return found, length(rest)
end

local function each(slice, visit)
    local rest = expect(slice, SEQUENCE)
    for _ = 1, MAX_ITEMS do
        local node = rest and length(rest) > 0 and der(rest)
        if not node then return end
        visit(node.whole)
        rest = node.rest
    end
end

-- An INTEGER or ENUMERATED of at most five octets as a number.
local function number(slice)
    local content = expect(slice, INTEGER) or expect(slice, ENUMERATED)
    if not content or length(content) < 1 or length(content) > 5 then
        return nil
    end
    local value = 0
    for at = content.from + 1, content.to do
        value = value * 256 + content.s:byte(at)
    end
    if content.s:byte(content.from + 1) >= 128 then
        value = value - 256 ^ length(content)
    end
    return value, content
end

local function big_endian(slice, at)
    local value = 0
    for n = slice.from + at + 1, slice.from + at + 4 do
        value = value * 256 + slice.s:byte(n)
    end
    return value
end

local function signed(value)
    return value >= 2 ^ 31 and value - 2 ^ 32 or value
end

-- -------------------------------------------------------------- protocols

local ETYPES = {
    [0] = "none", [1] = "des-cbc-crc", [3] = "des-cbc-md5",
    [16] = "des3-cbc-sha1", [17] = "aes128-cts-hmac-sha1-96",
    [18] = "aes256-cts-hmac-sha1-96", [19] = "aes128-cts-hmac-sha256-128",
    [20] = "aes256-cts-hmac-sha384-192", [23] = "rc4-hmac",
}
local ERRORS = {
    [0] = "no error", [31] = "KRB_AP_ERR_BAD_INTEGRITY",
    [32] = "KRB_AP_ERR_TKT_EXPIRED", [33] = "KRB_AP_ERR_TKT_NYV",
    [34] = "KRB_AP_ERR_REPEAT", [35] = "KRB_AP_ERR_NOT_US",
    [36] = "KRB_AP_ERR_BADMATCH", [37] = "KRB_AP_ERR_SKEW",
    [38] = "KRB_AP_ERR_BADADDR", [39] = "KRB_AP_ERR_BADVERSION",
    [40] = "KRB_AP_ERR_MSG_TYPE", [41] = "KRB_AP_ERR_MODIFIED",
    [43] = "KRB_AP_ERR_ILL_CR_TKT", [44] = "KRB_AP_ERR_BADKEYVER",
    [45] = "KRB_AP_ERR_NOKEY", [50] = "KRB_AP_ERR_INAPP_CKSUM",
    [51] = "KRB_AP_PATH_NOT_ACCEPTED", [60] = "KRB_ERR_GENERIC",
    [67] = "KRB_AP_ERR_NO_TGT", [69] = "KRB_AP_ERR_USER_TO_USER_REQUIRED",
}
local KEYS = {
    [0] = "none: anybody can have made it (N)",
    [1] = "the initiator's subkey: authentic and fresh (K)",
    [2] = "the ticket's session key: authentic, may be a replay (S)",
}
local FLAGS = { [0] = "final", [1] = "continue-needed" }
local AD_TYPES = {
    [1] = "AD-IF-RELEVANT", [-5] = "AD-CONTINUE-CHALLENGE",
    [-6] = "AD-AP-OPTIONS", [128] = "AD-WIN2K-PAC", [129] = "AD-ETYPE-LIST",
    [143] = "KERB_AP_OPTIONS",
}
local KVNOS = { [KVNO_2B] = "rxkad 2b: the encrypted part of a ticket",
                [KVNO_V5] = "rxkad-v5: a whole ticket" }
-- com_err codes of the krb5 table that a krb524 server sends.
local KRB5_TABLE = -1765328384
local STATUS = { [0] = "no error", [-1750206208] = "KRB524_BADKEY",
                 [-1750206203] = "KRB524_ENCFULL" }
for code, name in pairs(ERRORS) do
    if code > 0 then STATUS[KRB5_TABLE + code] = name end
end
STATUS[KRB5_TABLE + 6] = "KDC_ERR_C_PRINCIPAL_UNKNOWN"
STATUS[KRB5_TABLE + 7] = "KDC_ERR_S_PRINCIPAL_UNKNOWN"
STATUS[KRB5_TABLE + 12] = "KDC_ERR_POLICY"
STATUS[KRB5_TABLE + 14] = "KDC_ERR_ETYPE_NOSUPP"
STATUS[KRB5_TABLE + 17] = "KDC_ERR_TRTYPE_NOSUPP"

local P = {
    error2 = Proto("krb_error2", "Kerberos KRB-ERROR2"),
    krb524 = Proto("krb524", "Kerberos 5 to rxkad (krb524)"),
    token = Proto("rxkad_token", "rxkad token of a Kerberos 5 ticket"),
    ext = Proto("heimdal_ext", "Kerberos extensions of heimdal-ext"),
    loop = Proto("gss_loop", "GSS tokens of gss-loop"),
}

local F = {}            -- F.error2.error, ...

local function define(proto, list)
    F[proto] = {}
    for _, item in ipairs(list) do
        local name, kind, text, values = item[1], item[2], item[3], item[4]
        local base = kind == "int32" and base.DEC or nil
        F[proto][name] = ProtoField[kind](
            P[proto].name:lower() .. "." .. name, text, base, values)
    end
    P[proto].fields = F[proto]
end

define("error2", {
    { "pvno", "int32", "pvno" }, { "msg_type", "int32", "msg-type" },
    { "key", "int32", "enc-part-key", KEYS },
    { "etype", "int32", "etype", ETYPES }, { "cipher", "bytes", "cipher" },
    { "challenge", "bytes", "continue-challenge" },
    { "stime", "string", "stime" }, { "susec", "int32", "susec" },
    { "subkey_etype", "int32", "subkey etype", ETYPES },
    { "seq_number", "string", "seq-number" },
    { "error", "int32", "error-code", ERRORS },
    { "flags", "int32", "e-flags", FLAGS },
    { "text", "string", "e-text" },
    { "ad_type", "int32", "ad-type", AD_TYPES },
    { "ad_data", "bytes", "ad-data" },
    { "tgt", "bytes", "tgt, for user-to-user" },
})
define("krb524", {
    { "request", "bytes", "Ticket to convert" },
    { "status", "int32", "Status", STATUS },
    { "kvno", "int32", "Key version number", KVNOS },
    { "length", "int32", "Length of the token" },
})
define("token", {
    { "kvno", "int32", "Number", KVNOS },
    { "etype", "int32", "Enctype of the service's key", ETYPES },
    { "key_version", "string", "Version of the service's key" },
    { "cipher", "bytes", "Encrypted part" },
    { "octets", "bytes", "Token" },
})
define("ext", {
    { "offer", "string", "Extra context tokens" },
    { "ap_options", "bytes", "AD-AP-OPTIONS" },
    { "challenge", "bytes", "AD-CONTINUE-CHALLENGE" },
    { "freshness_asked", "string", "PA-AS-FRESHNESS" },
    { "freshness_token", "bytes", "PA-AS-FRESHNESS: a token" },
    { "signed_token", "bytes", "freshnessToken that is signed" },
    { "token_etype", "int32", "Enctype of the token's key", ETYPES },
    { "token_kvno", "string", "Version of the token's key" },
})
define("loop", { { "length", "int32", "Length of the token" } })

local malformed = {}
for name, proto in pairs(P) do
    if name ~= "loop" then
        malformed[name] = ProtoExpert.new(
            proto.name:lower() .. ".malformed", "Malformed",
            expert.group.MALFORMED, expert.severity.WARN)
        proto.experts = { malformed[name] }
    end
end

local function complain(proto, tree, text)
    tree:add_proto_expert_info(malformed[proto], text)
end

-- It has no name of its own to be called by.
local kerberos = DissectorTable.get("udp.port"):get_dissector(88)

-- Has Wireshark show (and, with a keytab, open) what it knows.
local function show_kerberos(tvb, pinfo, tree)
    local columns = tostring(pinfo.cols.info)
    pcall(function() kerberos:call(tvb, pinfo, tree) end)
    pinfo.cols.info = columns
end

-- ------------------------------------------------------- KRB-ERROR2

local function show_number(tree, field, slice)
    local value, content = number(slice)
    if value and value >= -2 ^ 31 and value < 2 ^ 31 then
        tree:add(field, range(content), value)
        return value
    end
end

local function show_authdata(tree, slice, depth)
    each(slice, function(element)
        local item = fields_of(element)
        local kind = item and item[0] and number(item[0])
        local data = item and item[1] and expect(item[1], OCTETS)
        if not kind or not data or math.abs(kind) >= 2 ^ 31 then
            complain("error2", tree, "An element of ad-data is malformed")
            return
        end
        local sub = tree:add(F.error2.ad_type, range(element), kind)
        sub:add(F.error2.ad_data, range(data))
        if kind == AD_IF_RELEVANT and depth < MAX_DEPTH then
            show_authdata(sub, data, depth + 1)
        end
    end)
end

local function show_enc_part(tree, slice, pinfo)
    local outer = expect(slice, 56, APPLICATION)
    local part, left = fields_of(outer)
    if not part then
        complain("error2", tree, "No EncKRBErrorPart")
        return nil
    end
    local challenge = expect(part[0], OCTETS)
    if challenge then tree:add(F.error2.challenge, range(challenge)) end
    local stime = expect(part[1], TIME)
    if stime then tree:add(F.error2.stime, range(stime), octets(stime)) end
    show_number(tree, F.error2.susec, part[2])
    if part[3] then
        local key = fields_of(part[3])
        show_number(tree, F.error2.subkey_etype, key and key[0])
    end
    local seq, content = number(part[4])
    if seq then
        tree:add(F.error2.seq_number, range(content),
                 string.format("%.0f", seq))
    end
    local code = show_number(tree, F.error2.error, part[5])
    local flags = show_number(tree, F.error2.flags, part[6])
    local text = expect(part[7], UTF8)
    if text then tree:add(F.error2.text, range(text)) end
    if part[11] then show_authdata(tree, part[11], 1) end
    if part[12] and length(part[12]) > 0 then
        local tgt = tree:add(F.error2.tgt, range(part[12]))
        show_kerberos(range(part[12]):tvb(), pinfo, tgt)
    end
    if left > 0 or not challenge or not stime or not code or not flags then
        complain("error2", tree, "EncKRBErrorPart lacks a field, or has more")
    end
    return code and string.format("error %d, %s", code,
                                  FLAGS[flags] or FLAGS[0])
end

-- The tree of a KRB-ERROR2, and a line about it.
local function show_error2(slice, pinfo, tree)
    local top = tree:add(P.error2, range(slice))
    local outer, node = expect(slice, 55, APPLICATION)
    local body, left = fields_of(outer)
    if not body then
        complain("error2", top, "No KRB-ERROR2")
        return nil
    end
    show_number(top, F.error2.pvno, body[0])
    show_number(top, F.error2.msg_type, body[1])
    local key = show_number(top, F.error2.key, body[2])
    local sealed, more = fields_of(body[3])
    local cipher = sealed and expect(sealed[2], OCTETS)
    if sealed then show_number(top, F.error2.etype, sealed[0]) end
    local line = key and ({ [0] = "not encrypted", "in the initiator's subkey",
                            "in the session key" })[key] or "unknown key"
    if cipher and length(cipher) > 0 then
        local sub = top:add(F.error2.cipher, range(cipher))
        if key == 0 then
            line = show_enc_part(sub, cipher, pinfo) or line
        end
    end
    if left + more + length(node.rest) > 0 or not key or not cipher then
        complain("error2", top, "KRB-ERROR2 lacks a field, or has more")
    end
    top:append_text(": " .. line)
    return "KRB-ERROR2, " .. line
end

function P.error2.dissector(tvb, pinfo, tree)
    if tvb:len() == 0 then return 0 end
    local line = show_error2(slice_of(tvb), pinfo, tree)
    if line then pinfo.cols.info = line end
    return tvb:len()
end

-- ------------------------------------------------------- rxkad tokens

local function tlv(identifier, content)
    local len = #content
    local head = len < 128 and string.char(len) or
        len < 65536 and string.char(130, math.floor(len / 256), len % 256)
    return head and string.char(identifier) .. head .. content
end

-- A Ticket around an enc-part, for Wireshark to open: it tries all keys of
-- a keytab, so the name does not matter.
local function ticket_around(enc_part)
    local name = tlv(0x30, tlv(0xa0, "\2\1\0") ..
                     tlv(0xa1, tlv(0x30, tlv(0x1b, "rxkad"))))
    local body = tlv(0xa3, enc_part)
    body = body and tlv(0x30, tlv(0xa0, "\2\1\5") ..
                        tlv(0xa1, tlv(0x1b, "")) .. tlv(0xa2, name) .. body)
    return body and tlv(0x61, body)
end

local function tvb_of(text, name)
    return ByteArray.new(text, true):tvb(name)
end

local function show_sealed(tree, slice)
    local sealed, left = fields_of(slice)
    local cipher = sealed and expect(sealed[2], OCTETS)
    if not cipher or left > 0 then
        complain("token", tree, "No EncryptedData")
        return false
    end
    show_number(tree, F.token.etype, sealed[0])
    local kvno, content = number(sealed[1])
    if kvno then
        tree:add(F.token.key_version, range(content),
                 string.format("%.0f", kvno < 0 and kvno + 2 ^ 32 or kvno))
    end
    if length(cipher) > 0 then tree:add(F.token.cipher, range(cipher)) end
    return true
end

local function show_token(slice, kvno, pinfo, tree)
    if length(slice) == 0 then return end
    local top = tree:add(P.token, range(slice))
    top:append_text(kvno == KVNO_2B and ", 2b" or ", v5")
    top:add(F.token.octets, range(slice))
    local node = der(slice)
    if not node or length(node.rest) > 0 then
        complain("token", top, "Not one element of DER")
        return
    end
    if kvno == KVNO_V5 then
        local ticket = fields_of(expect(slice, 1, APPLICATION))
        if not ticket or not ticket[3] then
            complain("token", top, "No Ticket")
        elseif show_sealed(top, ticket[3]) then
            show_kerberos(range(slice):tvb(), pinfo, top)
        end
    elseif show_sealed(top, slice) then
        local ticket = ticket_around(octets(slice))
        if ticket then
            show_kerberos(tvb_of(ticket, "2b token as a ticket"), pinfo, top)
        end
    end
end

function P.token.dissector(tvb, pinfo, tree)
    show_token(slice_of(tvb), KVNO_2B, pinfo, tree)
    return tvb:len()
end

-- ------------------------------------------------------- krb524

local function part_of(slice, at, len)
    return { tvb = slice.tvb, s = slice.s, from = slice.from + at,
             to = slice.from + at + len }
end

local function show_reply(slice, pinfo, top)
    local status = signed(big_endian(slice, 0))
    top:add(F.krb524.status, range(part_of(slice, 0, 4)), status)
    if status ~= 0 or length(slice) < 12 then
        if status == 0 then complain("krb524", top, "No token") end
        return "refused: " .. (STATUS[status] or tostring(status))
    end
    local kvno, len = big_endian(slice, 4), big_endian(slice, 8)
    top:add(F.krb524.kvno, range(part_of(slice, 4, 4)), signed(kvno))
    top:add(F.krb524.length, range(part_of(slice, 8, 4)), signed(len))
    if len == 0 or len > ROOM_524 or len > length(slice) - 12 then
        complain("krb524", top, "The length of the token is not true")
        return "malformed reply"
    end
    show_token(part_of(slice, 12, len), kvno, pinfo, top)
    return string.format("token of %.0f octets, number %.0f", len, kvno)
end

local function show_524(slice, pinfo, tree)
    local top = tree:add(P.krb524, range(slice))
    local line
    if slice.s:byte(slice.from + 1) == 0x61 then
        line = "Ticket"
        local request = top:add(F.krb524.request, range(slice))
        local node = der(slice)
        if not node or length(node.rest) > 0 then
            complain("krb524", top, "Not one Ticket")
        end
        show_kerberos(range(slice):tvb(), pinfo, request)
    elseif length(slice) >= 4 then
        line = show_reply(slice, pinfo, top)
    else
        complain("krb524", top, "Too short")
        return
    end
    top:append_text(": " .. line)
    pinfo.cols.protocol = "KRB524"
    pinfo.cols.info = "krb524 " .. line
end

local function show_524_pdu(tvb, pinfo, tree)
    if tvb:len() > 4 then
        show_524(part_of(slice_of(tvb), 4, tvb:len() - 4), pinfo, tree)
    end
    return tvb:len()
end

local function framed_length(tvb, _, offset)
    local len = tvb:range(offset, 4):uint()
    return len > 0x100000 and 4 or len + 4      -- no token is that long
end

function P.krb524.dissector(tvb, pinfo, tree)
    if tvb:len() == 0 then return 0 end
    if pinfo.port_type == 2 then
        dissect_tcp_pdus(tvb, tree, 4, framed_length, show_524_pdu)
    else
        show_524(slice_of(tvb), pinfo, tree)
    end
    return tvb:len()
end

DissectorTable.get("udp.port"):add(4444, P.krb524)
DissectorTable.get("tcp.port"):add(4444, P.krb524)

-- ------------------------------------------------------- gss-loop

local gssapi = Dissector.get("gssapi")

local function show_loop_pdu(tvb, pinfo, tree)
    local top = tree:add(P.loop, tvb:range())
    top:add(F.loop.length, tvb:range(0, 4))
    if tvb:len() > 4 then
        pcall(function() gssapi:call(tvb:range(4):tvb(), pinfo, top) end)
    end
    return tvb:len()
end

function P.loop.dissector(tvb, pinfo, tree)
    pinfo.cols.protocol = "GSS"
    pinfo.cols.info = "token"
    dissect_tcp_pdus(tvb, tree, 4, framed_length, show_loop_pdu)
    return tvb:len()
end

DissectorTable.get("tcp.port"):add_for_decode_as(P.loop)

-- ------------------------------------------------------- the rest

-- What Wireshark's own dissectors found in the packet.
local W = {
    token_id = Field.new("spnego.krb5.tok_id"),
    ap_options = Field.new("kerberos.ap_options"),
    ad_type = Field.new("kerberos.ad_type"),
    ad_data = Field.new("kerberos.ad_data"),
    pa_type = Field.new("kerberos.padata_type"),
    pa_value = Field.new("kerberos.padata_value"),
    e_data = Field.new("kerberos.e_data"),
    pk_authenticator = Field.new("pkinit.pkAuthenticator_element"),
    kvno = Field.new("rx.kvno"), ticket = Field.new("rx.ticket"),
}

local function slice_of_info(info)
    if not info or info.len == 0 then return nil end
    local found = info.range
    return { tvb = found, s = found:raw(), from = 0, to = info.len,
             info = info }
end

-- A slice's tvb may be a TvbRange here: it has range(), too.

local function show_freshness(tree, field, slice)
    local item = tree:add(field, range(slice))
    local sealed
    if length(slice) > 2 and octets(slice):sub(1, 2) == "\0\0" then
        sealed = fields_of(part_of(slice, 2, length(slice) - 2))
    end
    if not sealed then return end       -- opaque: another KDC's form
    show_number(item, F.ext.token_etype, sealed[0])
    local kvno, content = number(sealed[1])
    if kvno then
        item:add(F.ext.token_kvno, range(content),
                 string.format("%.0f", kvno < 0 and kvno + 2 ^ 32 or kvno))
    end
end

-- Pairs of fields that Wireshark adds one after the other.
local function pairs_of(first, second)
    local a, b, found = { first() }, { second() }, {}
    if #a == #b then
        for n = 1, #a do found[n] = { a[n], b[n] } end
    end
    return found
end

-- The padata of METHOD-DATA [1], [2] or TYPED-DATA [0], [1] in an error:
-- Wireshark knows them for some errors only.
local function error_padata(visit)
    for _, info in ipairs({ W.e_data() }) do
        local slice = slice_of_info(info)
        if slice then
            each(slice, function(element)
                local item = fields_of(element)
                if not item then return end
                local at = item[2] and 1 or 0
                if number(item[at]) == PA_AS_FRESHNESS then
                    local value = expect(item[at + 1], OCTETS)
                    if value then visit(value) end
                end
            end)
        end
    end
end

local function find_freshness(out)
    local seen = {}
    local function token(slice)
        if length(slice) > 0 and not seen[octets(slice)] then
            seen[octets(slice)] = true
            out(function(tree)
                show_freshness(tree, F.ext.freshness_token, slice)
            end)
        end
    end
    for _, pair in ipairs(pairs_of(W.pa_type, W.pa_value)) do
        if pair[1].value == PA_AS_FRESHNESS then
            local slice = slice_of_info(pair[2])
            if slice then
                token(slice)
            else
                out(function(tree)
                    tree:add(F.ext.freshness_asked, "empty: asks for a token")
                end)
            end
        end
    end
    error_padata(token)
end

-- PKAuthenticator.freshnessToken [4] OCTET STRING, behind what Wireshark
-- knows.  The element may or may not have its header in Wireshark's item.
local function find_signed_token(out)
    for _, info in ipairs({ W.pk_authenticator() }) do
        local slice = slice_of_info(info)
        local fields = slice and fields_of(slice)
        local token = fields and expect(fields[4], OCTETS)
        if token and length(token) > 0 then
            out(function(tree)
                show_freshness(tree, F.ext.signed_token, token)
            end)
        end
    end
end

local function find_authdata(out)
    for _, pair in ipairs(pairs_of(W.ad_type, W.ad_data)) do
        local kind, slice = pair[1].value, slice_of_info(pair[2])
        local content = slice and expect(slice, kind == AD_AP_OPTIONS and 3 or
                                         OCTETS)
        if content and length(content) > 0 then
            if kind == AD_AP_OPTIONS then
                out(function(tree)
                    local item = tree:add(F.ext.ap_options, range(content))
                    if length(content) == 5 and
                       big_endian(content, 1) % (2 * CONTINUE_NEEDED_OK) >=
                       CONTINUE_NEEDED_OK then
                        item:append_text(" (continue-needed-ok)")
                    end
                end)
            elseif kind == AD_CHALLENGE then
                out(function(tree)
                    tree:add(F.ext.challenge, range(content))
                end)
            end
        end
    end
end

-- ap-options in the clear.
local function find_offer(out)
    for _, info in ipairs({ W.ap_options() }) do
        local slice = slice_of_info(info)
        if slice and length(slice) >= 4 and
           big_endian(slice, length(slice) - 4) % (2 * CONTINUE_NEEDED_OK) >=
           CONTINUE_NEEDED_OK then
            out(function(tree)
                tree:add(F.ext.offer, range(slice),
                         "continue-needed-ok, in the clear")
            end)
        end
    end
end

-- What follows the id of a krb5 token, whatever is around it: Wireshark has
-- no item for what it does not know.
local function find_error2(pinfo, tree)
    for _, info in ipairs({ W.token_id() }) do
        local whole = info.source and slice_of(info.source)
        local at = info.offset + 2
        if whole and at + 2 <= length(whole) and
           whole.s:sub(at + 1, at + 2) == "\127\55" then
            local line = show_error2(
                part_of(whole, at, length(whole) - at), pinfo, tree)
            if line then pinfo.cols.info:append(" " .. line) end
        end
    end
end

local function find_rx_token(pinfo, tree)
    local kvno, slice = W.kvno(), slice_of_info(W.ticket())
    if kvno and slice and (kvno.value == KVNO_2B or kvno.value == KVNO_V5) then
        show_token(slice, kvno.value, pinfo, tree)
    end
end

function P.ext.dissector(_, pinfo, tree)
    local top
    local function out(show)
        top = top or tree:add(P.ext)
        show(top)
    end
    find_offer(out)
    find_authdata(out)
    find_freshness(out)
    find_signed_token(out)
    find_error2(pinfo, tree)
    find_rx_token(pinfo, tree)
end

register_postdissector(P.ext, true)
