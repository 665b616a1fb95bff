import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;

/**
 * Loads classes, starts threads and collects garbage, and says how much of each.
 *
 * Prints "ready", waits for a line, works, prints one line of JSON and stays until standard input ends.
 */
public class Work {
    static final int CLASSES_OF_FIRST = 300;
    static final int CLASSES_OF_SECOND = 200;
    static final int THREADS = 25;
    static final int DAEMONS = 10;
    static final int COLLECTIONS = 6;

    static class Loader extends ClassLoader {
        /** A class without members, put together by hand: JVM specification, chapter 4. */
        Class<?> generate(String name) throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            DataOutputStream out = new DataOutputStream(bytes);
            out.writeInt(0xCAFEBABE);
            out.writeShort(0);
            out.writeShort(52);
            out.writeShort(5);  // four constants, and one
            out.writeByte(1);
            out.writeUTF(name.replace('.', '/'));
            out.writeByte(7);
            out.writeShort(1);
            out.writeByte(1);
            out.writeUTF("java/lang/Object");
            out.writeByte(7);
            out.writeShort(3);
            out.writeShort(0x0021);  // public, super
            out.writeShort(2);
            out.writeShort(4);
            for (int i = 0; i < 4; ++i) {
                out.writeShort(0);  // interfaces, fields, methods, attributes
            }
            return defineClass(name, bytes.toByteArray(), 0, bytes.size());
        }
    }

    static void startThreads(int count, boolean daemon) throws InterruptedException {
        CountDownLatch done = new CountDownLatch(count);
        for (int i = 0; i < count; ++i) {
            Thread thread = new Thread(done::countDown, (daemon ? "probed-daemon-" : "probed-") + i);
            thread.setDaemon(daemon);
            thread.start();
        }
        done.await();
    }

    static String classes() throws IOException {
        Loader first = new Loader();
        Loader second = new Loader();
        int loaded = 0;
        for (int i = 0; i < CLASSES_OF_FIRST; ++i) {
            loaded += first.generate("generated.first.Class" + i) != null ? 1 : 0;
        }
        int loadedBySecond = 0;
        for (int i = 0; i < CLASSES_OF_SECOND; ++i) {
            loadedBySecond += second.generate("generated.second.Class" + i) != null ? 1 : 0;
        }
        return "\"first\": " + loaded + ", \"second\": " + loadedBySecond;
    }

    public static void main(String[] arguments) throws Exception {
        System.out.println("ready");
        System.in.read();
        String classes = classes();
        startThreads(THREADS, false);
        startThreads(DAEMONS, true);
        for (int i = 0; i < COLLECTIONS; ++i) {
            System.gc();
        }
        System.out.println("{" + classes + ", \"threads\": " + THREADS + ", \"daemons\": " + DAEMONS
            + ", \"collections\": " + COLLECTIONS + "}");
        while (System.in.read() >= 0) {
            // until the end
        }
    }
}
