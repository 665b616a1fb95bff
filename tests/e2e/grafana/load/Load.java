import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.concurrent.locks.LockSupport;

/**
 * Does all that the JVM's pack looks at, over and over: collects garbage, loads and unloads classes, starts threads,
 * parks, waits for monitors, and has methods to compile.
 *
 * Prints "ready" and goes on until standard input ends.
 */
public class Load {
    static final Object MONITOR = new Object();
    static volatile byte[] garbage;
    static int calls;

    /** Two threads want the same monitor for a while. */
    static void contend() throws InterruptedException {
        Thread other = new Thread(Load::holdMonitor);
        other.setDaemon(true);
        other.start();
        holdMonitor();
        other.join();
    }

    static void holdMonitor() {
        for (int i = 0; i < 5; ++i) {
            synchronized (MONITOR) {
                LockSupport.parkNanos(1_000_000);
            }
        }
    }

    /** A class of a loader of its own, called so often that it is compiled; both are garbage then. */
    static void loadAndCompile() {
        ClassLoader loader = new URLClassLoader(new URL[0], Load.class.getClassLoader());
        InvocationHandler handler = (proxy, method, arguments) -> ++calls;
        Callable generated = (Callable) Proxy.newProxyInstance(loader, new Class<?>[] {Callable.class}, handler);
        for (int i = 0; i < 5000; ++i) {
            generated.call();
        }
    }

    /** Public, for classes of other loaders to implement it. */
    public interface Callable {
        int call();
    }

    static void endWithStandardInput() {
        try {
            while (System.in.read() >= 0) {
                // until the end
            }
        } catch (IOException error) {
            // then, too
        }
        System.exit(0);
    }

    public static void main(String[] arguments) throws InterruptedException {
        new Thread(Load::endWithStandardInput).start();
        System.out.println("ready");
        for (;;) {
            contend();
            loadAndCompile();
            for (int i = 0; i < 100; ++i) {
                garbage = new byte[100_000];
            }
            System.gc();
            LockSupport.parkNanos(100_000_000);
        }
    }
}
