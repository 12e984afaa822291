// A member of a consumer group with Apache Kafka's own cooperative-sticky assignor.
//
//   java -cp 'libs/*' Member.java 127.0.0.1:9092 '{"group":"g","topics":["t"],"config":{}}'
//
// Tells on stdout, a JSON line each, which partitions it is given, gives back and loses, and the
// place of each record that it reads; commits what it has read. With `"group.protocol":"consumer"`
// (KIP-848) the broker assigns instead. Lines on stdin: `pause` stops polling, as a member does
// that hangs in its own work; `resume`. The end of stdin: it leaves.

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.*;
import java.time.Duration;
import java.util.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Member implements ConsumerRebalanceListener {
  static final ObjectMapper json = new ObjectMapper();
  static volatile boolean paused, leaving;

  public static void main(String[] args) throws Exception {
    var request = json.readTree(args[1]);
    var config = new HashMap<String, Object>(Map.of("bootstrap.servers", args[0],
      "group.id", request.get("group").asText(), "auto.offset.reset", "earliest",
      "isolation.level", "read_committed", "auto.commit.interval.ms", "500",
      "partition.assignment.strategy", CooperativeStickyAssignor.class.getName()));
    request.path("config").fieldNames()
      .forEachRemaining(name -> config.put(name, request.get("config").get(name).asText()));
    if ("consumer".equals(config.get("group.protocol"))) config.remove("partition.assignment.strategy");
    var topics = new ArrayList<String>();
    request.get("topics").forEach(topic -> topics.add(topic.asText()));
    new Thread(Member::obey).start();
    var bytes = new ByteArrayDeserializer();
    try (var consumer = new KafkaConsumer<>(config, bytes, bytes)) {
      consumer.subscribe(topics, new Member());
      while (!leaving) {
        if (paused) Thread.sleep(20);
        else for (var at : consumer.poll(Duration.ofMillis(100))) {
          var place = json.createObjectNode().put("topic", at.topic()).put("partition", at.partition());
          say(json.createObjectNode().set("record", place.put("offset", at.offset())).toString());
        }
      }
    }
  }

  static void obey() {
    try (var in = new BufferedReader(new InputStreamReader(System.in))) {
      for (String line; (line = in.readLine()) != null;) paused = line.equals("pause");
    } catch (IOException error) {
      // the other end is gone: leave
    }
    leaving = true;
  }

  static synchronized void say(String line) {
    System.out.println(line);
  }

  static void tell(String event, Collection<TopicPartition> which) {
    var line = json.createObjectNode().put("event", event).put("time", System.currentTimeMillis());
    var list = line.putArray("partitions");
    which.forEach(at -> list.addObject().put("topic", at.topic()).put("partition", at.partition()));
    say(line.toString());
  }

  @Override public void onPartitionsAssigned(Collection<TopicPartition> which) {
    tell("assigned", which);
  }

  @Override public void onPartitionsRevoked(Collection<TopicPartition> which) {
    tell("revoked", which);
  }

  @Override public void onPartitionsLost(Collection<TopicPartition> which) {
    tell("lost", which);
  }
}
