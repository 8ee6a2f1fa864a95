import java.net.InetAddress;
import java.net.UnknownHostException;

/** Looks a name up, so many times, so many milliseconds apart, and says what it got and when. */
public class Lookups {
    public static void main(String[] args) throws InterruptedException {
        for (int n = 0; n < Integer.parseInt(args[1]); n++) {
            String found;
            try {
                found = InetAddress.getByName(args[0]).getHostAddress();
            } catch (UnknownHostException error) {
                found = "none";
            }
            System.out.println(found);
            Thread.sleep(Long.parseLong(args[2]));
        }
    }
}
