import java.nio.ByteBuffer;
import java.util.*;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.*;
import org.apache.kafka.common.protocol.*;
import org.apache.kafka.common.record.internal.*;

/**
 * Prints request and response bodies as the Java client of Kafka 4.3 writes them:
 *   java -cp 'libs/*' test/codec/kafka/WireTruth.java > test/codec/kafka/wire-truth.json
 */
public class WireTruth {
  static final List<String> lines = new ArrayList<>();

  static void put(String name, Message message, int version) {
    ByteBuffer bytes = MessageUtil.toByteBufferAccessor(message, (short) version).buffer();
    StringBuilder hex = new StringBuilder();
    while (bytes.hasRemaining()) hex.append(String.format("%02x", bytes.get()));
    lines.add("  \"" + name + "\": \"" + hex + "\"");
  }

  public static void main(String[] args) {
    Uuid id = Uuid.fromString("dFKCFU4hRMGow8wJb-FLvA");

    put("metadata.all", new MetadataRequestData().setTopics(null).setAllowAutoTopicCreation(false), 10);
    put("metadata.some", new MetadataRequestData().setAllowAutoTopicCreation(false).setTopics(List.of(
      new MetadataRequestData.MetadataRequestTopic().setName("orders"),
      new MetadataRequestData.MetadataRequestTopic().setName("größe"))), 10);
    MetadataResponseData.MetadataResponseBrokerCollection brokers =
      new MetadataResponseData.MetadataResponseBrokerCollection();
    brokers.add(new MetadataResponseData.MetadataResponseBroker()
      .setNodeId(1).setHost("broker-1").setPort(9092).setRack("a"));
    brokers.add(new MetadataResponseData.MetadataResponseBroker().setNodeId(2).setHost("::1").setPort(9093));
    MetadataResponseData.MetadataResponseTopicCollection topics =
      new MetadataResponseData.MetadataResponseTopicCollection();
    topics.add(new MetadataResponseData.MetadataResponseTopic().setName("orders").setTopicId(id).setPartitions(List.of(
      new MetadataResponseData.MetadataResponsePartition().setPartitionIndex(1).setLeaderId(-1).setErrorCode((short) 5)
        .setLeaderEpoch(7).setReplicaNodes(List.of(2)).setIsrNodes(List.of()).setOfflineReplicas(List.of(2)),
      new MetadataResponseData.MetadataResponsePartition().setPartitionIndex(0).setLeaderId(1)
        .setLeaderEpoch(3).setReplicaNodes(List.of(1, 2)).setIsrNodes(List.of(1)).setOfflineReplicas(List.of(2)))));
    topics.add(new MetadataResponseData.MetadataResponseTopic().setName("missing").setErrorCode((short) 3));
    topics.add(new MetadataResponseData.MetadataResponseTopic().setName("__consumer_offsets").setIsInternal(true));
    put("metadata.answer", new MetadataResponseData().setThrottleTimeMs(5).setBrokers(brokers)
      .setClusterId("MkU3OEVBNTcwNTJENDM2Qg").setControllerId(2).setTopics(topics), 10);

    put("fetch", new FetchRequestData().setReplicaId(-1).setMaxWaitMs(500).setMinBytes(1).setMaxBytes(33554432)
      .setIsolationLevel((byte) 1).setSessionId(0).setSessionEpoch(-1).setRackId("").setTopics(List.of(
        new FetchRequestData.FetchTopic().setTopic("orders").setPartitions(List.of(
          new FetchRequestData.FetchPartition().setPartition(0).setCurrentLeaderEpoch(3)
            .setFetchOffset(9007199254740993L).setLogStartOffset(-1).setPartitionMaxBytes(1048576),
          new FetchRequestData.FetchPartition().setPartition(4).setCurrentLeaderEpoch(-1)
            .setFetchOffset(0).setLogStartOffset(-1).setPartitionMaxBytes(1000))),
        new FetchRequestData.FetchTopic().setTopic("clicks").setPartitions(List.of(
          new FetchRequestData.FetchPartition().setPartition(2).setCurrentLeaderEpoch(-1)
            .setFetchOffset(8).setLogStartOffset(-1).setPartitionMaxBytes(1000))))), 11);
    put("fetch.answer", new FetchResponseData().setThrottleTimeMs(17).setErrorCode((short) 0).setSessionId(0)
      .setResponses(List.of(new FetchResponseData.FetchableTopicResponse().setTopic("orders").setPartitions(List.of(
        new FetchResponseData.PartitionData().setPartitionIndex(0).setHighWatermark(30).setLastStableOffset(20)
          .setLogStartOffset(10).setPreferredReadReplica(-1).setAbortedTransactions(List.of(
            new FetchResponseData.AbortedTransaction().setProducerId(7).setFirstOffset(12)))
          .setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(new byte[] {1, 2, 3}))),
        new FetchResponseData.PartitionData().setPartitionIndex(4).setErrorCode((short) 1).setHighWatermark(-1)
          .setLastStableOffset(-1).setLogStartOffset(-1).setPreferredReadReplica(-1)
          .setAbortedTransactions(null).setRecords(null))))), 11);
    put("fetch.session", new FetchRequestData().setReplicaId(-1).setMaxWaitMs(500).setMinBytes(1).setMaxBytes(33554432)
      .setIsolationLevel((byte) 1).setSessionId(1234567).setSessionEpoch(8).setRackId("").setTopics(List.of(
        new FetchRequestData.FetchTopic().setTopic("orders").setPartitions(List.of(
          new FetchRequestData.FetchPartition().setPartition(4).setCurrentLeaderEpoch(2)
            .setFetchOffset(17).setLogStartOffset(-1).setPartitionMaxBytes(1000)))))
      .setForgottenTopicsData(List.of(
        new FetchRequestData.ForgottenTopic().setTopic("orders").setPartitions(List.of(1, 2)),
        new FetchRequestData.ForgottenTopic().setTopic("clicks").setPartitions(List.of(0)))), 11);
    put("fetch.session.end", new FetchRequestData().setReplicaId(-1).setMaxWaitMs(0).setMinBytes(1).setMaxBytes(33554432)
      .setIsolationLevel((byte) 1).setSessionId(1234567).setSessionEpoch(-1).setRackId("").setTopics(List.of()), 11);
    put("fetch.session.answer", new FetchResponseData().setThrottleTimeMs(0).setErrorCode((short) 0)
      .setSessionId(1234567).setResponses(List.of()), 11);
    put("fetch.session.unknown", new FetchResponseData().setThrottleTimeMs(3).setErrorCode((short) 70)
      .setSessionId(0).setResponses(List.of()), 11);

    put("listOffsets", new ListOffsetsRequestData().setReplicaId(-1).setIsolationLevel((byte) 1).setTopics(List.of(
      new ListOffsetsRequestData.ListOffsetsTopic().setName("orders").setPartitions(List.of(
        new ListOffsetsRequestData.ListOffsetsPartition().setPartitionIndex(3).setCurrentLeaderEpoch(-1)
          .setTimestamp(-1))))), 5);
    put("listOffsets.answer", new ListOffsetsResponseData().setTopics(List.of(
      new ListOffsetsResponseData.ListOffsetsTopicResponse().setName("orders").setPartitions(List.of(
        new ListOffsetsResponseData.ListOffsetsPartitionResponse().setPartitionIndex(3)
          .setOffset(9007199254740993L).setLeaderEpoch(6).setTimestamp(-1),
        new ListOffsetsResponseData.ListOffsetsPartitionResponse().setPartitionIndex(5)
          .setErrorCode((short) 6))))), 5);

    OffsetForLeaderEpochRequestData.OffsetForLeaderTopicCollection epochs =
      new OffsetForLeaderEpochRequestData.OffsetForLeaderTopicCollection();
    epochs.add(new OffsetForLeaderEpochRequestData.OffsetForLeaderTopic().setTopic("orders").setPartitions(List.of(
      new OffsetForLeaderEpochRequestData.OffsetForLeaderPartition().setPartition(3).setCurrentLeaderEpoch(7)
        .setLeaderEpoch(5))));
    put("offsetForLeaderEpoch", new OffsetForLeaderEpochRequestData().setReplicaId(-1).setTopics(epochs), 3);
    OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResultCollection ends =
      new OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResultCollection();
    ends.add(new OffsetForLeaderEpochResponseData.OffsetForLeaderTopicResult().setTopic("orders").setPartitions(List.of(
      new OffsetForLeaderEpochResponseData.EpochEndOffset().setPartition(3).setLeaderEpoch(4)
        .setEndOffset(9007199254740993L),
      new OffsetForLeaderEpochResponseData.EpochEndOffset().setPartition(5).setErrorCode((short) 74))));
    put("offsetForLeaderEpoch.answer", new OffsetForLeaderEpochResponseData().setThrottleTimeMs(9).setTopics(ends), 3);

    ProduceRequestData.TopicProduceDataCollection data = new ProduceRequestData.TopicProduceDataCollection();
    data.add(new ProduceRequestData.TopicProduceData().setName("orders").setPartitionData(List.of(
      new ProduceRequestData.PartitionProduceData().setIndex(2)
        .setRecords(MemoryRecords.readableRecords(ByteBuffer.wrap(new byte[] {9, 8, 7, 6}))))));
    put("produce", new ProduceRequestData().setTransactionalId(null).setAcks((short) -1).setTimeoutMs(20000)
      .setTopicData(data), 8);
    ProduceResponseData.TopicProduceResponseCollection acks = new ProduceResponseData.TopicProduceResponseCollection();
    acks.add(new ProduceResponseData.TopicProduceResponse().setName("orders").setPartitionResponses(List.of(
      new ProduceResponseData.PartitionProduceResponse().setIndex(2).setBaseOffset(77)
        .setLogAppendTimeMs(1700000000000L).setLogStartOffset(5))));
    put("produce.answer", new ProduceResponseData().setThrottleTimeMs(12).setResponses(acks), 8);
    ProduceResponseData.TopicProduceResponseCollection bad = new ProduceResponseData.TopicProduceResponseCollection();
    bad.add(new ProduceResponseData.TopicProduceResponse().setName("orders").setPartitionResponses(List.of(
      new ProduceResponseData.PartitionProduceResponse().setIndex(2).setErrorCode((short) 32).setBaseOffset(-1)
        .setLogAppendTimeMs(-1).setLogStartOffset(-1).setRecordErrors(List.of(
          new ProduceResponseData.BatchIndexAndErrorMessage().setBatchIndex(0).setBatchIndexErrorMessage("too old"))))));
    put("produce.refused", new ProduceResponseData().setResponses(bad), 8);

    put("initProducerId", new InitProducerIdRequestData().setTransactionalId("tx").setTransactionTimeoutMs(60000), 1);
    put("initProducerId.idempotent",
      new InitProducerIdRequestData().setTransactionalId(null).setTransactionTimeoutMs(60000), 1);
    put("initProducerId.answer",
      new InitProducerIdResponseData().setProducerId(9007199254740993L).setProducerEpoch((short) 4), 1);
    AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection added =
      new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopicCollection();
    added.add(new AddPartitionsToTxnRequestData.AddPartitionsToTxnTopic().setName("orders").setPartitions(List.of(0, 3)));
    put("addPartitionsToTxn", new AddPartitionsToTxnRequestData().setV3AndBelowTransactionalId("tx")
      .setV3AndBelowProducerId(9).setV3AndBelowProducerEpoch((short) 4).setV3AndBelowTopics(added), 1);
    AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResultCollection results =
      new AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResultCollection();
    AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResultCollection parts =
      new AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResultCollection();
    parts.add(new AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult().setPartitionIndex(0));
    parts.add(new AddPartitionsToTxnResponseData.AddPartitionsToTxnPartitionResult().setPartitionIndex(3)
      .setPartitionErrorCode((short) 29));
    results.add(new AddPartitionsToTxnResponseData.AddPartitionsToTxnTopicResult().setName("orders")
      .setResultsByPartition(parts));
    put("addPartitionsToTxn.answer", new AddPartitionsToTxnResponseData().setResultsByTopicV3AndBelow(results), 1);
    put("endTxn", new EndTxnRequestData().setTransactionalId("tx").setProducerId(9).setProducerEpoch((short) 4)
      .setCommitted(false), 1);
    put("endTxn.answer", new EndTxnResponseData().setErrorCode((short) 47), 1);

    put("findCoordinator", new FindCoordinatorRequestData().setKey("g").setKeyType((byte) 1), 2);
    put("findCoordinator.answer", new FindCoordinatorResponseData().setNodeId(3).setHost("broker-3").setPort(9092)
      .setErrorMessage("NONE"), 2);

    put("listGroups", new ListGroupsRequestData(), 4);
    put("listGroups.answer", new ListGroupsResponseData().setThrottleTimeMs(3).setGroups(List.of(
      new ListGroupsResponseData.ListedGroup().setGroupId("größe").setProtocolType("consumer").setGroupState("Stable"),
      new ListGroupsResponseData.ListedGroup().setGroupId("g").setProtocolType("").setGroupState("Empty"))), 4);
    put("describeGroups", new DescribeGroupsRequestData().setGroups(List.of("a", "größe")), 1);
    put("describeGroups.answer", new DescribeGroupsResponseData().setThrottleTimeMs(3).setGroups(List.of(
      new DescribeGroupsResponseData.DescribedGroup().setGroupId("a").setErrorCode((short) 16),
      new DescribeGroupsResponseData.DescribedGroup().setGroupId("größe").setGroupState("Stable")
        .setProtocolType("consumer").setProtocolData("range").setMembers(List.of(
          new DescribeGroupsResponseData.DescribedGroupMember().setMemberId("m").setClientId("c")
            .setClientHost("/127.0.0.1").setMemberMetadata(new byte[] {1}).setMemberAssignment(new byte[] {2, 3}))),
      new DescribeGroupsResponseData.DescribedGroup().setGroupId("b").setGroupState("Dead"))), 1);
    put("listGroups.refused", new ListGroupsResponseData().setErrorCode((short) 14), 4);

    JoinGroupRequestData.JoinGroupRequestProtocolCollection protocols =
      new JoinGroupRequestData.JoinGroupRequestProtocolCollection();
    protocols.add(new JoinGroupRequestData.JoinGroupRequestProtocol().setName("cooperative-sticky")
      .setMetadata(new byte[] {0, 1}));
    put("joinGroup", new JoinGroupRequestData().setGroupId("g").setSessionTimeoutMs(45000)
      .setRebalanceTimeoutMs(60000).setMemberId("m").setGroupInstanceId(null).setProtocolType("consumer")
      .setProtocols(protocols), 5);
    put("joinGroup.answer", new JoinGroupResponseData().setErrorCode((short) 0).setGenerationId(4)
      .setProtocolName("cooperative-sticky").setLeader("m").setMemberId("m").setMembers(List.of(
        new JoinGroupResponseData.JoinGroupResponseMember().setMemberId("m").setMetadata(new byte[] {0, 1}))), 5);
    put("syncGroup", new SyncGroupRequestData().setGroupId("g").setGenerationId(4).setMemberId("m")
      .setAssignments(List.of(new SyncGroupRequestData.SyncGroupRequestAssignment().setMemberId("m")
        .setAssignment(new byte[] {5}))), 3);
    put("syncGroup.answer", new SyncGroupResponseData().setAssignment(new byte[] {5, 6}), 3);
    put("heartbeat", new HeartbeatRequestData().setGroupId("g").setGenerationId(4).setMemberId("m"), 3);
    put("heartbeat.answer", new HeartbeatResponseData().setErrorCode((short) 27), 3);
    put("leaveGroup", new LeaveGroupRequestData().setGroupId("g").setMembers(List.of(
      new LeaveGroupRequestData.MemberIdentity().setMemberId("m"))), 3);
    put("leaveGroup.answer", new LeaveGroupResponseData().setMembers(List.of(
      new LeaveGroupResponseData.MemberResponse().setMemberId("m").setErrorCode((short) 25))), 3);

    put("offsetCommit", new OffsetCommitRequestData().setGroupId("g").setGenerationIdOrMemberEpoch(4).setMemberId("m")
      .setTopics(List.of(new OffsetCommitRequestData.OffsetCommitRequestTopic().setName("orders").setPartitions(List.of(
        new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(1).setCommittedOffset(99)
          .setCommittedLeaderEpoch(2).setCommittedMetadata("x"),
        new OffsetCommitRequestData.OffsetCommitRequestPartition().setPartitionIndex(2).setCommittedOffset(5)
          .setCommittedLeaderEpoch(-1).setCommittedMetadata(null))))), 7);
    put("offsetCommit.answer", new OffsetCommitResponseData().setTopics(List.of(
      new OffsetCommitResponseData.OffsetCommitResponseTopic().setName("orders").setPartitions(List.of(
        new OffsetCommitResponseData.OffsetCommitResponsePartition().setPartitionIndex(1),
        new OffsetCommitResponseData.OffsetCommitResponsePartition().setPartitionIndex(2)
          .setErrorCode((short) 22))))), 7);
    put("offsetFetch.all", new OffsetFetchRequestData().setGroupId("g").setTopics(null), 5);
    put("offsetFetch", new OffsetFetchRequestData().setGroupId("g").setTopics(List.of(
      new OffsetFetchRequestData.OffsetFetchRequestTopic().setName("orders").setPartitionIndexes(List.of(1, 2)))), 5);
    put("offsetFetch.answer", new OffsetFetchResponseData().setTopics(List.of(
      new OffsetFetchResponseData.OffsetFetchResponseTopic().setName("orders").setPartitions(List.of(
        new OffsetFetchResponseData.OffsetFetchResponsePartition().setPartitionIndex(1).setCommittedOffset(99)
          .setCommittedLeaderEpoch(2).setMetadata("x"),
        new OffsetFetchResponseData.OffsetFetchResponsePartition().setPartitionIndex(2).setCommittedOffset(-1)
          .setCommittedLeaderEpoch(-1).setMetadata(null))))), 5);

    CreateTopicsRequestData.CreatableTopicCollection news = new CreateTopicsRequestData.CreatableTopicCollection();
    CreateTopicsRequestData.CreatableTopicConfigCollection configs =
      new CreateTopicsRequestData.CreatableTopicConfigCollection();
    configs.add(new CreateTopicsRequestData.CreatableTopicConfig().setName("cleanup.policy").setValue("delete"));
    news.add(new CreateTopicsRequestData.CreatableTopic().setName("orders").setNumPartitions(6)
      .setReplicationFactor((short) -1).setConfigs(configs));
    put("createTopics", new CreateTopicsRequestData().setTopics(news).setTimeoutMs(30000), 4);
    CreateTopicsResponseData.CreatableTopicResultCollection made =
      new CreateTopicsResponseData.CreatableTopicResultCollection();
    made.add(new CreateTopicsResponseData.CreatableTopicResult().setName("orders").setErrorCode((short) 36)
      .setErrorMessage("it exists"));
    put("createTopics.answer", new CreateTopicsResponseData().setTopics(made), 4);
    put("deleteTopics", new DeleteTopicsRequestData().setTopicNames(List.of("a", "b")).setTimeoutMs(30000), 3);
    DeleteTopicsResponseData.DeletableTopicResultCollection gone =
      new DeleteTopicsResponseData.DeletableTopicResultCollection();
    gone.add(new DeleteTopicsResponseData.DeletableTopicResult().setName("a").setErrorCode((short) 3));
    put("deleteTopics.answer", new DeleteTopicsResponseData().setResponses(gone), 3);
    CreatePartitionsRequestData.CreatePartitionsTopicCollection more =
      new CreatePartitionsRequestData.CreatePartitionsTopicCollection();
    more.add(new CreatePartitionsRequestData.CreatePartitionsTopic().setName("orders").setCount(9).setAssignments(null));
    put("createPartitions", new CreatePartitionsRequestData().setTopics(more).setTimeoutMs(30000), 1);
    put("createPartitions.answer", new CreatePartitionsResponseData().setResults(List.of(
      new CreatePartitionsResponseData.CreatePartitionsTopicResult().setName("orders").setErrorCode((short) 37)
        .setErrorMessage("fewer"))), 1);

    put("describeConfigs", new DescribeConfigsRequestData().setResources(List.of(
      new DescribeConfigsRequestData.DescribeConfigsResource().setResourceType((byte) 2).setResourceName("orders")
        .setConfigurationKeys(List.of("cleanup.policy")))).setIncludeSynonyms(false), 2);
    put("describeConfigs.answer", new DescribeConfigsResponseData().setResults(List.of(
      new DescribeConfigsResponseData.DescribeConfigsResult().setResourceType((byte) 2).setResourceName("orders")
        .setConfigs(List.of(
          new DescribeConfigsResponseData.DescribeConfigsResourceResult().setName("cleanup.policy").setValue("compact")
            .setConfigSource((byte) 1).setSynonyms(List.of(
              new DescribeConfigsResponseData.DescribeConfigsSynonym().setName("log.cleanup.policy").setValue("delete")
                .setSource((byte) 5))),
          new DescribeConfigsResponseData.DescribeConfigsResourceResult().setName("secret").setValue(null)
            .setIsSensitive(true))),
      new DescribeConfigsResponseData.DescribeConfigsResult().setErrorCode((short) 3).setErrorMessage("no such topic")
        .setResourceType((byte) 2).setResourceName("missing"))), 2);

    put("metadata.rights", new MetadataRequestData().setAllowAutoTopicCreation(false)
      .setIncludeClusterAuthorizedOperations(true).setIncludeTopicAuthorizedOperations(true).setTopics(List.of(
        new MetadataRequestData.MetadataRequestTopic().setName("orders"))), 10);
    MetadataResponseData.MetadataResponseTopicCollection rights =
      new MetadataResponseData.MetadataResponseTopicCollection();
    rights.add(new MetadataResponseData.MetadataResponseTopic().setName("orders").setTopicId(id)
      .setTopicAuthorizedOperations(1 << 3 | 1 << 8));
    rights.add(new MetadataResponseData.MetadataResponseTopic().setName("untold"));
    put("metadata.rights.answer", new MetadataResponseData().setThrottleTimeMs(5)
      .setClusterId("MkU3OEVBNTcwNTJENDM2Qg").setControllerId(2).setTopics(rights)
      .setClusterAuthorizedOperations(1 << 5 | 1 << 8), 10);
    put("metadata.rights.blind", new MetadataResponseData().setClusterAuthorizedOperations(0), 10);
    put("describeGroups.rights", new DescribeGroupsRequestData().setGroups(List.of("a", "b"))
      .setIncludeAuthorizedOperations(true), 3);
    put("describeGroups.rights.answer", new DescribeGroupsResponseData().setGroups(List.of(
      new DescribeGroupsResponseData.DescribedGroup().setGroupId("a").setErrorCode((short) 30),
      new DescribeGroupsResponseData.DescribedGroup().setGroupId("b").setGroupState("Dead")
        .setAuthorizedOperations(1 << 3 | 1 << 6 | 1 << 8))), 3);
    DescribeLogDirsRequestData.DescribableLogDirTopicCollection dirTopics =
      new DescribeLogDirsRequestData.DescribableLogDirTopicCollection();
    dirTopics.add(new DescribeLogDirsRequestData.DescribableLogDirTopic().setTopic("orders").setPartitions(List.of(0, 2)));
    put("describeLogDirs", new DescribeLogDirsRequestData().setTopics(dirTopics), 4);
    put("describeLogDirs.answer", new DescribeLogDirsResponseData().setThrottleTimeMs(4).setResults(List.of(
      new DescribeLogDirsResponseData.DescribeLogDirsResult().setLogDir("/data").setTotalBytes(9000).setUsableBytes(800)
        .setTopics(List.of(new DescribeLogDirsResponseData.DescribeLogDirsTopic().setName("orders").setPartitions(List.of(
          new DescribeLogDirsResponseData.DescribeLogDirsPartition().setPartitionIndex(0).setPartitionSize(70),
          new DescribeLogDirsResponseData.DescribeLogDirsPartition().setPartitionIndex(2).setPartitionSize(5))))),
      new DescribeLogDirsResponseData.DescribeLogDirsResult().setLogDir("/gone").setErrorCode((short) 56))), 4);
    put("describeLogDirs.refused", new DescribeLogDirsResponseData().setErrorCode((short) 31), 4);
    IncrementalAlterConfigsRequestData.AlterableConfigCollection changes =
      new IncrementalAlterConfigsRequestData.AlterableConfigCollection();
    changes.add(new IncrementalAlterConfigsRequestData.AlterableConfig().setName("retention.ms")
      .setConfigOperation((byte) 0).setValue("-1"));
    changes.add(new IncrementalAlterConfigsRequestData.AlterableConfig().setName("retention.bytes")
      .setConfigOperation((byte) 1).setValue(null));
    IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection altered =
      new IncrementalAlterConfigsRequestData.AlterConfigsResourceCollection();
    altered.add(new IncrementalAlterConfigsRequestData.AlterConfigsResource().setResourceType((byte) 2)
      .setResourceName("orders").setConfigs(changes));
    put("alterConfigs", new IncrementalAlterConfigsRequestData().setResources(altered), 0);

    System.out.println("{\n" + String.join(",\n", lines) + "\n}");
  }
}
