// A member of a share group (KIP-932), which Kafka 4.2 and later offer to everybody. It reads and
// acknowledges until the end of its stdin, then it leaves.
//
//   java -cp 'libs/*' ShareMember.java 127.0.0.1:9092 '{"group":"g","topics":["t"]}'

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class ShareMember {
  static volatile boolean leaving;

  public static void main(String[] args) throws Exception {
    var request = new ObjectMapper().readTree(args[1]);
    var topics = new ArrayList<String>();
    request.get("topics").forEach(topic -> topics.add(topic.asText()));
    var config = new HashMap<String, Object>(
      Map.of("bootstrap.servers", args[0], "group.id", request.get("group").asText()));
    new Thread(ShareMember::obey).start();
    var bytes = new ByteArrayDeserializer();
    try (var consumer = new KafkaShareConsumer<>(config, bytes, bytes)) {
      consumer.subscribe(topics);
      while (!leaving) consumer.poll(Duration.ofMillis(100));
    }
  }

  static void obey() {
    try {
      while (System.in.read() >= 0) continue;
    } catch (IOException error) {
      // the other end is gone: leave
    }
    leaving = true;
  }
}
