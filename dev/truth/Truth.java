// The independent witness of tests and demo: Apache Kafka's own Java client, driven by JSON lines.
//
//   java -cp 'libs/*' Truth.java 127.0.0.1:9092
//
// Each line on stdin is a request {"id":1,"do":"consume",...}; answers are lines on stdout with the
// same id: {"id":1,"item":{...}} as often as there is something, at last {"id":1,"done":{...}} or
// {"id":1,"error":"..."}. Requests run at the same time. The end of stdin ends the program.
// Bytes are hex, an absent key or value is null, headers are [[name, hex or null], ...] in order.

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.*;
import java.util.concurrent.*;
import org.apache.kafka.clients.admin.*;
import org.apache.kafka.clients.consumer.*;
import org.apache.kafka.clients.producer.*;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Truth {
  static final ObjectMapper json = new ObjectMapper();
  static final HexFormat hex = HexFormat.of();
  static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  static String brokers;
  static Admin admin;

  public static void main(String[] args) throws Exception {
    brokers = args[0];
    admin = Admin.create(Map.of("bootstrap.servers", brokers));
    var pool = Executors.newCachedThreadPool();
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8), 1 << 20);
    for (String line; (line = in.readLine()) != null;) {
      var request = json.readTree(line);
      pool.execute(() -> answer(request));
    }
    Runtime.getRuntime().halt(0);
  }

  static void answer(JsonNode request) {
    try {
      say(request, "done", run(request), true);
    } catch (Throwable error) {
      var cause = error instanceof ExecutionException ? error.getCause() : error;
      say(request, "error", json.getNodeFactory().textNode(cause.toString()), true);
    }
  }

  static void say(JsonNode request, String kind, JsonNode what, boolean flush) {
    var line = json.createObjectNode();
    line.set("id", request.get("id"));
    line.set(kind, what);
    synchronized (out) {
      out.print(line);
      out.print('\n');
      if (flush) out.flush();
    }
  }

  static JsonNode run(JsonNode request) throws Exception {
    return switch (request.get("do").asText()) {
      case "createTopics" -> createTopics(request);
      case "deleteTopics" -> deleteTopics(request);
      case "describeTopics" -> describeTopics(request);
      case "alterTopic" -> alterTopic(request);
      case "alterQuotas" -> alterQuotas(request);
      case "deleteRecords" -> deleteRecords(request);
      case "offsets" -> offsets(request);
      case "groupOffsets" -> groupOffsets(request);
      case "commitGroup" -> commitGroup(request);
      case "continueGroup" -> continueGroup(request);
      case "produce" -> produce(request);
      case "consume" -> consume(request);
      default -> throw new IllegalArgumentException("unknown request " + request.get("do"));
    };
  }

  static List<String> strings(JsonNode list) {
    return json.convertValue(list, json.getTypeFactory().constructCollectionType(List.class, String.class));
  }

  static Map<String, String> settings(JsonNode object) {
    var all = new LinkedHashMap<String, String>();
    if (object != null) object.fieldNames().forEachRemaining(name -> all.put(name, object.get(name).asText()));
    return all;
  }

  static ObjectNode place(TopicPartition at) {
    return json.createObjectNode().put("topic", at.topic()).put("partition", at.partition());
  }

  static JsonNode createTopics(JsonNode request) throws Exception {
    var topics = new ArrayList<NewTopic>();
    for (var topic : request.get("topics")) {
      var replicas = (short) (topic.has("replicas") ? topic.get("replicas").asInt() : -1);
      topics.add(new NewTopic(topic.get("topic").asText(), topic.get("partitions").asInt(), replicas)
        .configs(settings(topic.get("configs"))));
    }
    admin.createTopics(topics).all().get();
    for (var topic : topics) await(topic.name(), true);
    return json.createObjectNode();
  }

  static JsonNode deleteTopics(JsonNode request) throws Exception {
    admin.deleteTopics(strings(request.get("topics"))).all().get();
    for (var topic : strings(request.get("topics"))) await(topic, false);
    return json.createObjectNode();
  }

  static void await(String topic, boolean there) throws Exception {
    for (int i = 0; i < 200; i++, Thread.sleep(50)) {
      try {
        var parts = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions();
        if (there && parts.stream().allMatch(p -> p.leader() != null && p.leader().id() >= 0)) return;
      } catch (ExecutionException error) {
        if (!(error.getCause() instanceof UnknownTopicOrPartitionException)) throw error;
        if (!there) return;
      }
    }
    throw new IllegalStateException("topic " + topic + (there ? " does not appear" : " does not vanish"));
  }

  static JsonNode describeTopics(JsonNode request) throws Exception {
    var all = json.createArrayNode();
    admin.describeTopics(strings(request.get("topics"))).allTopicNames().get().values().forEach(topic ->
      all.addObject().put("topic", topic.name()).put("topicId", topic.topicId().toString())
        .put("partitions", topic.partitions().size()).put("internal", topic.isInternal()));
    return all;
  }

  static JsonNode alterTopic(JsonNode request) throws Exception {
    var topic = request.get("topic").asText();
    var changes = new ArrayList<AlterConfigOp>();
    settings(request.get("configs")).forEach((name, value) ->
      changes.add(new AlterConfigOp(new ConfigEntry(name, value), AlterConfigOp.OpType.SET)));
    var resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    admin.incrementalAlterConfigs(Map.of(resource, changes)).all().get();
    if (request.has("partitions")) {
      var total = NewPartitions.increaseTo(request.get("partitions").asInt());
      admin.createPartitions(Map.of(topic, total)).all().get();
    }
    return json.createObjectNode();
  }

  static JsonNode alterQuotas(JsonNode request) throws Exception {
    var client = new ClientQuotaEntity(Map.of(ClientQuotaEntity.CLIENT_ID, request.get("clientId").asText()));
    var changes = new ArrayList<ClientQuotaAlteration.Op>();
    var quotas = request.get("quotas");
    quotas.fieldNames().forEachRemaining(name -> changes.add(new ClientQuotaAlteration.Op(
      name, quotas.get(name).isNull() ? null : quotas.get(name).asDouble())));
    admin.alterClientQuotas(List.of(new ClientQuotaAlteration(client, changes))).all().get();
    return json.createObjectNode();
  }

  static JsonNode deleteRecords(JsonNode request) throws Exception {
    var at = new TopicPartition(request.get("topic").asText(), request.get("partition").asInt());
    admin.deleteRecords(Map.of(at, RecordsToDelete.beforeOffset(request.get("before").asLong()))).all().get();
    return json.createObjectNode();
  }

  static KafkaConsumer<byte[], byte[]> consumer(String isolation) {
    return new KafkaConsumer<>(Map.of("bootstrap.servers", brokers, "isolation.level", isolation,
      "enable.auto.commit", "false", "auto.offset.reset", "earliest", "max.poll.records", "5000"),
      new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static List<TopicPartition> partitions(KafkaConsumer<?, ?> consumer, JsonNode topics) {
    var all = new ArrayList<TopicPartition>();
    for (var topic : strings(topics)) {
      var count = consumer.partitionsFor(topic).size();
      for (int partition = 0; partition < count; partition++) all.add(new TopicPartition(topic, partition));
    }
    return all;
  }

  static JsonNode offsets(JsonNode request) {
    try (var plain = consumer("read_uncommitted"); var stable = consumer("read_committed")) {
      var all = partitions(plain, request.get("topics"));
      var first = plain.beginningOffsets(all);
      var last = plain.endOffsets(all);
      var committed = stable.endOffsets(all);
      var answer = json.createArrayNode();
      for (var at : all) {
        answer.add(place(at).put("earliest", first.get(at)).put("latest", last.get(at))
          .put("stable", committed.get(at)));
      }
      return answer;
    }
  }

  static JsonNode groupOffsets(JsonNode request) throws Exception {
    var answer = json.createArrayNode();
    admin.listConsumerGroupOffsets(request.get("group").asText()).partitionsToOffsetAndMetadata().get()
      .forEach((at, offset) -> answer.add(place(at).put("offset", offset.offset())
        .put("leaderEpoch", offset.leaderEpoch().orElse(-1)).put("metadata", offset.metadata())));
    return answer;
  }

  /** Commits for a group without members. */
  static JsonNode commitGroup(JsonNode request) throws Exception {
    var offsets = new HashMap<TopicPartition, OffsetAndMetadata>();
    for (var each : request.get("offsets")) {
      var epoch = each.path("leaderEpoch").asInt(-1);
      offsets.put(new TopicPartition(each.get("topic").asText(), each.get("partition").asInt()),
        new OffsetAndMetadata(each.get("offset").asLong(),
          epoch < 0 ? Optional.empty() : Optional.of(epoch), each.path("metadata").asText("")));
    }
    admin.alterConsumerGroupOffsets(request.get("group").asText(), offsets).all().get();
    return json.createObjectNode();
  }

  /** Joins the group as its only member, reads on to the ends or the limit, commits and leaves. */
  static JsonNode continueGroup(JsonNode request) throws Exception {
    var config = new HashMap<String, Object>(Map.of("bootstrap.servers", brokers,
      "group.id", request.get("group").asText(), "isolation.level", "read_committed",
      "enable.auto.commit", "false", "auto.offset.reset", "none", "max.poll.records", "5000"));
    config.putAll(settings(request.get("config")));
    long count = 0, limit = request.path("limit").asLong(Long.MAX_VALUE);
    try (var consumer = new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      consumer.subscribe(strings(request.get("topics")));
      while (true) {
        for (var record : consumer.poll(Duration.ofMillis(50))) {
          say(request, "item", describe(record, request.get("maxValueBytes").asInt()), false);
          count++;
        }
        if (count >= limit) break;
        var all = consumer.assignment();
        if (all.isEmpty()) continue;
        var ends = consumer.endOffsets(all);
        if (all.stream().allMatch(at -> consumer.position(at) >= ends.get(at))) break;
      }
      consumer.commitSync();
    }
    return json.createObjectNode().put("records", count);
  }

  static byte[] bytes(JsonNode node) {
    if (node == null || node.isNull()) return null;
    if (node.isTextual()) return hex.parseHex(node.asText());
    var generated = new byte[node.get("size").asInt()];
    new Random(node.get("seed").asLong()).nextBytes(generated);
    return generated;
  }

  static ProducerRecord<byte[], byte[]> record(JsonNode line) {
    var headers = new ArrayList<Header>();
    if (line.has("headers")) {
      line.get("headers").forEach(h -> headers.add(new RecordHeader(h.get(0).asText(), bytes(h.get(1)))));
    }
    return new ProducerRecord<>(line.get("topic").asText(),
      line.has("partition") ? line.get("partition").asInt() : null,
      line.has("timestamp") ? line.get("timestamp").asLong() : null,
      bytes(line.get("key")), bytes(line.get("value")), headers);
  }

  static KafkaProducer<byte[], byte[]> producer(String transactionalId, JsonNode config) {
    // One request at a time: the leader of a new partition may refuse the first batch and take the second, which
    // then holds up the first until it expires, as one out of sequence.
    var all = new HashMap<String, Object>(Map.of("bootstrap.servers", brokers, "acks", "all", "linger.ms", "20",
      "max.request.size", "67108864", "buffer.memory", "134217728", "max.in.flight.requests.per.connection", "1"));
    if (!transactionalId.isEmpty()) all.put("transactional.id", transactionalId);
    all.putAll(settings(config));
    var made = new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    if (!transactionalId.isEmpty()) made.initTransactions();
    return made;
  }

  /** Lines in order: records, and {"begin"|"commit"|"abort": "id"}; "tx" names a record's producer. */
  static JsonNode produce(JsonNode request) throws Exception {
    var producers = new LinkedHashMap<String, KafkaProducer<byte[], byte[]>>();
    var sent = new ArrayList<Future<RecordMetadata>>();
    var last = "";
    try {
      for (var line : request.get("lines")) {
        var verb = line.has("begin") ? "begin" : line.has("commit") ? "commit" : line.has("abort") ? "abort" : "tx";
        var id = line.has(verb) ? line.get(verb).asText() : "";
        // so records of different producers reach the log in the order of the lines
        if (!id.equals(last) && producers.containsKey(last)) producers.get(last).flush();
        last = id;
        var producer = producers.computeIfAbsent(id, name -> producer(name, request.get("config")));
        switch (verb) {
          case "begin" -> producer.beginTransaction();
          case "commit" -> producer.commitTransaction();
          case "abort" -> {
            producer.flush(); // else the records would never be sent
            producer.abortTransaction();
          }
          default -> sent.add(producer.send(record(line)));
        }
      }
      var answer = json.createArrayNode();
      for (var producer : producers.values()) producer.flush();
      for (var future : sent) {
        var at = future.get();
        answer.add(json.createArrayNode().add(at.topic()).add(at.partition()).add(at.offset()));
      }
      return answer;
    } finally {
      // Without waiting: what hangs open, an unfinished transaction for one, stays so.
      for (var producer : producers.values()) producer.close(Duration.ZERO);
    }
  }

  static void set(ObjectNode node, String name, byte[] bytes, int limit) throws Exception {
    if (bytes == null) node.putNull(name);
    else if (bytes.length <= limit) node.put(name, hex.formatHex(bytes));
    else {
      var digest = MessageDigest.getInstance("SHA-256").digest(bytes);
      node.putObject(name).put("length", bytes.length).put("sha256", hex.formatHex(digest));
    }
  }

  static ObjectNode describe(ConsumerRecord<byte[], byte[]> record, int limit) throws Exception {
    var item = json.createObjectNode().put("topic", record.topic()).put("partition", record.partition())
      .put("offset", record.offset()).put("timestamp", record.timestamp())
      .put("timestampType", record.timestampType().toString());
    set(item, "key", record.key(), limit);
    set(item, "value", record.value(), limit);
    var headers = item.putArray("headers");
    for (var header : record.headers()) {
      headers.addArray().add(header.key()).add(header.value() == null ? null : hex.formatHex(header.value()));
    }
    return item;
  }

  /** Every record that is there now, in offset order within each partition. */
  static JsonNode consume(JsonNode request) throws Exception {
    var limit = request.get("maxValueBytes").asInt();
    long count = 0;
    try (var consumer = consumer(request.get("isolation").asText())) {
      var all = partitions(consumer, request.get("topics"));
      consumer.assign(all);
      consumer.seekToBeginning(all);
      var open = new HashMap<>(consumer.endOffsets(all));
      while (true) {
        open.entrySet().removeIf(end -> consumer.position(end.getKey()) >= end.getValue());
        if (open.isEmpty()) return json.createObjectNode().put("records", count);
        for (var record : consumer.poll(Duration.ofMillis(200))) {
          say(request, "item", describe(record, limit), false);
          count++;
        }
      }
    }
  }
}
