/*
 * Copyright (c) 2026, the heimdal-ext maintainers.  All rights reserved.
 * 3-clause BSD, see LICENSE at the top of heimdal-ext.
 */

import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

import org.ietf.jgss.GSSContext;
import org.ietf.jgss.GSSCredential;
import org.ietf.jgss.GSSException;
import org.ietf.jgss.GSSManager;
import org.ietf.jgss.GSSName;
import org.ietf.jgss.MessageProp;
import org.ietf.jgss.Oid;

/**
 * The loop programs over the GSS-API of the JDK: the same framings, messages
 * and lines (tests/loop/loop_messages.c, loop_peer.c).  Credentials are those
 * of the login configuration that system properties name.
 *
 *   GssPeer accept
 *	"port N" on standard output, then a line a connection, one after the
 *	other.  A first frame with flags is MIT's framing, else it is plain.
 *   GssPeer initiate PRINCIPAL
 *	for each line "PORT plain|mit krb5|spnego mutual|one-way" of standard
 *	input one exchange and its line; PRINCIPAL is the service.
 *
 * What went wrong is explained on standard error.
 */
public final class GssPeer {
    private static final String KRB5 = "1.2.840.113554.1.2.2";
    private static final String SPNEGO = "1.3.6.1.5.5.2";
    private static final String PRINCIPAL_NAME = "1.2.840.113554.1.2.2.1";

    private static final int TIMEOUT_MS = 20000;
    private static final int MAX_TOKEN = 1 << 20;

    /* krb5-gss-samples, gss-misc.h */
    private static final int NOOP = 1, CONTEXT = 2, DATA = 4, MIC = 8;
    private static final int CONTEXT_NEXT = 16, WRAPPED = 32, ENCRYPTED = 64;
    private static final int SEND_MIC = 128;

    /* the routine error of RFC 2744 for each one of RFC 8353 */
    private static final int[] MAJORS = {
	0, 4, 1, 2, 3, 5, 6, 12, 11, 10, 9, 13, 8, 7, 14, 15, 16, 17, 18
    };
    private static final int FAILURE = 13 << 16;

    private final GSSManager manager = GSSManager.getInstance();
    private int count;

    /** One connection and how it went. */
    private final class Exchange {
	private final DataInputStream in;
	private final DataOutputStream out;
	private final boolean initiator;
	private boolean sample;
	private int flags;		/* of the frame read last */
	private GSSContext context;

	private String outcome = "transport", messages = "none";
	private int major, minor, messageMajor, sent, received;

	Exchange(Socket socket, boolean initiator, boolean sample)
	    throws IOException {
	    socket.setSoTimeout(TIMEOUT_MS);
	    socket.setTcpNoDelay(true);
	    in = new DataInputStream(socket.getInputStream());
	    out = new DataOutputStream(socket.getOutputStream());
	    this.initiator = initiator;
	    this.sample = sample;
	}

	/* -- frames --------------------------------------------------- */

	private void put(int frameFlags, byte[] token) throws IOException {
	    byte[] frame = new byte[(sample ? 5 : 4) + token.length];
	    int i = 0, size = token.length;

	    if (sample)
		frame[i++] = (byte) frameFlags;
	    for (int shift = 24; shift >= 0; shift -= 8)
		frame[i++] = (byte) (size >> shift);
	    System.arraycopy(token, 0, frame, i, size);
	    out.write(frame);
	    out.flush();
	}

	private byte[] get() throws IOException {
	    flags = sample ? in.readUnsignedByte() : 0;
	    return body(in.readInt());
	}

	private byte[] body(int size) throws IOException {
	    if (size < 0 || size > MAX_TOKEN)
		throw new IOException("a frame of " + size + " octets");
	    byte[] token = new byte[size];
	    in.readFully(token);
	    return token;
	}

	/**
	 * The first frame tells which framing it is: MIT's has flags, plain
	 * a length whose first octet is zero.
	 */
	private byte[] first() throws IOException {
	    int octet = in.readUnsignedByte();

	    sample = octet != 0;
	    if (!sample)
		return body(in.readUnsignedByte() << 16 |
			    in.readUnsignedShort());
	    body(in.readInt());
	    return get();
	}

	/* -- the context ---------------------------------------------- */

	void establish(GSSContext fresh) throws IOException {
	    byte[] token = new byte[0];

	    context = fresh;
	    if (initiator && sample)
		put(NOOP | CONTEXT_NEXT, token);
	    try {
		while (!context.isEstablished()) {
		    if (!initiator || sent > 0) {
			token = initiator || received > 0 ? get() : first();
			received++;
		    }
		    token = initiator ?
			context.initSecContext(token, 0, token.length) :
			context.acceptSecContext(token, 0, token.length);
		    if (token != null && token.length > 0) {
			put(CONTEXT, token);
			sent++;
		    }
		}
		outcome = "established";
	    } catch (GSSException e) {
		outcome = "gss-error";
		major = status(e);
		minor = e.getMinor();
		explain(e);
	    }
	}

	/* -- messages ------------------------------------------------- */

	private byte[] unwrap(byte[] token) throws GSSException {
	    MessageProp prop = new MessageProp(false);
	    byte[] text = context.unwrap(token, 0, token.length, prop);

	    check(prop);
	    if (prop.getPrivacy() != context.getConfState())
		throw new GSSException(GSSException.BAD_MIC);
	    return text;
	}

	private void verify(byte[] text, byte[] mic) throws GSSException {
	    MessageProp prop = new MessageProp(false);

	    context.verifyMIC(mic, 0, mic.length, text, 0, text.length, prop);
	    check(prop);
	}

	private void check(MessageProp prop) throws GSSException {
	    if (prop.isDuplicateToken() || prop.isOldToken() ||
		prop.isUnseqToken() || prop.isGapToken())
		throw new GSSException(GSSException.BAD_MIC);
	}

	private byte[] wrap(byte[] text) throws GSSException {
	    return context.wrap(text, 0, text.length, new MessageProp(
		context.getConfState()));
	}

	private byte[] mic(byte[] text) throws GSSException {
	    return context.getMIC(text, 0, text.length, new MessageProp(
		false));
	}

	private void initiatorTalks(byte[] text)
	    throws GSSException, IOException {
	    put(DATA | WRAPPED | SEND_MIC |
		(context.getConfState() ? ENCRYPTED : 0), wrap(text));
	    if (sample) {
		verify(text, get());
		put(NOOP, new byte[0]);
		return;
	    }
	    byte[] reply = unwrap(get());
	    if (!Arrays.equals(text, reply))
		throw new GSSException(GSSException.BAD_MIC);
	    verify(reply, get());
	    put(0, mic(text));
	}

	private void acceptorTalks() throws GSSException, IOException {
	    byte[] text = get();

	    while (sample && (flags & NOOP) == 0) {
		put(MIC, mic(unwrap(text)));
		text = get();
	    }
	    if (sample)
		return;
	    text = unwrap(text);
	    put(0, wrap(text));
	    put(0, mic(text));
	    verify(text, get());
	}

	void talk() throws IOException {
	    if (!outcome.equals("established"))
		return;
	    messages = "failed";
	    try {
		if (initiator)
		    initiatorTalks("a message of Java".getBytes(
			StandardCharsets.UTF_8));
		else
		    acceptorTalks();
		messages = "ok";
	    } catch (GSSException e) {
		messageMajor = status(e);
		explain(e);
	    } catch (IOException e) {
		messageMajor = FAILURE;
		throw e;
	    }
	}

	/* -- the line ------------------------------------------------- */

	private int status(GSSException e) {
	    int code = e.getMajor();

	    return code < MAJORS.length ? MAJORS[code] << 16 : FAILURE;
	}

	private int grantedFlags() {
	    return (context.getCredDelegState() ? 1 : 0) |
		(context.getMutualAuthState() ? 2 : 0) |
		(context.getReplayDetState() ? 4 : 0) |
		(context.getSequenceDetState() ? 8 : 0) |
		(context.getConfState() ? 16 : 0) |
		(context.getIntegState() ? 32 : 0);
	}

	void report(int number) {
	    boolean good = outcome.equals("established");
	    String source = "-";
	    int granted = 0;

	    try {
		if (good) {
		    granted = grantedFlags();
		    source = context.getSrcName().toString();
		}
		if (context != null)
		    context.dispose();
	    } catch (GSSException e) {
		explain(e);
	    }
	    System.out.print(String.format("result=%s side=%s exchange=%d " +
		"outcome=%s major=%08x minor=%d sent=%d received=%d " +
		"flags=%x missing=0 messages=%s message-major=%08x src=%s\n",
		good && messages.equals("ok") ? "complete" : "failed",
		initiator ? "initiator" : "acceptor", number, outcome, major,
		minor, sent, received, granted, messages, messageMajor,
		source));
	    System.out.flush();
	}
    }

    private static void explain(Throwable e) {
	for (; e != null; e = e.getCause())
	    System.err.println(e);
	System.err.flush();
    }

    private void run(Socket socket, boolean initiator, boolean sample,
		     GSSContext context) throws IOException {
	Exchange exchange = new Exchange(socket, initiator, sample);

	try {
	    exchange.establish(context);
	    exchange.talk();
	    finish(socket, initiator);
	} catch (IOException e) {
	    explain(e);
	}
	exchange.report(++count);
    }

    /** Who accepts reads to the end, so that nothing it sent is lost. */
    private void finish(Socket socket, boolean initiator) throws IOException {
	socket.shutdownOutput();
	if (!initiator)
	    while (socket.getInputStream().read() >= 0)
		continue;
    }

    private void accept() throws IOException, GSSException {
	InetAddress here = InetAddress.getLoopbackAddress();

	try (ServerSocket listener = new ServerSocket(0, 16, here)) {
	    System.out.println("port " + listener.getLocalPort());
	    System.out.flush();
	    for (;;)
		try (Socket socket = listener.accept()) {
		    run(socket, false, false, manager.createContext(
			(GSSCredential) null));
		}
	}
    }

    private void initiate(String principal)
	throws IOException, GSSException {
	BufferedReader orders = new BufferedReader(
	    new InputStreamReader(System.in, StandardCharsets.US_ASCII));
	String order;

	while ((order = orders.readLine()) != null) {
	    String[] word = order.split(" ");
	    GSSContext context = manager.createContext(
		manager.createName(principal, new Oid(PRINCIPAL_NAME)),
		new Oid(word[2].equals("spnego") ? SPNEGO : KRB5), null,
		GSSContext.DEFAULT_LIFETIME);
	    context.requestMutualAuth(word[3].equals("mutual"));
	    context.requestReplayDet(true);
	    context.requestSequenceDet(false);
	    context.requestConf(true);
	    context.requestInteg(true);
	    context.requestCredDeleg(false);
	    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(),
		    Integer.parseInt(word[0]))) {
		run(socket, true, word[1].equals("mit"), context);
	    }
	}
    }

    public static void main(String[] args) throws Exception {
	GssPeer peer = new GssPeer();

	if (args.length == 1 && args[0].equals("accept"))
	    peer.accept();
	else if (args.length == 2 && args[0].equals("initiate"))
	    peer.initiate(args[1]);
	else
	    throw new IllegalArgumentException(
		"GssPeer accept | initiate PRINCIPAL");
    }
}
